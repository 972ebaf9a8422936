/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sifive-test.h"
#include "register.h"

enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

static void
finisher_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  SifiveTest *test = (SifiveTest *)dev;
  unsigned code = (unsigned)(written >> 16) & 0xffff;
  device_trace (dev, "finisher 0x%x, code %u", (unsigned)(written & 0xffff), code);
  switch (written & 0xffff) {
    case FINISHER_PASS: test->power_off (test->opaque, 0); break;
    case FINISHER_FAIL: test->power_off (test->opaque, (int)code); break;
    case FINISHER_RESET: test->restart (test->opaque); break;
    default: device_guest_error (dev, "no such finisher: 0x%x", (unsigned)written);
  }
}

static const Register sifive_test_registers[] = {
  { .name = "finisher", .offset = 0, .size = 4, .writable = UINT32_MAX, .write = finisher_write },
  { 0 },
};

static const RegisterBank sifive_test_bank = {
  .name = "sifive-test",
  .size = SIFIVE_TEST_SIZE,
  .min_access = 2,
  .max_access = 4,
  .narrow_parts = true,
  .regs = sifive_test_registers,
};

static void
sifive_test_init (Device *dev)
{
  SifiveTest *test = (SifiveTest *)dev;
  test->region = device_add_bank (dev, &sifive_test_bank);
}

const DeviceClass sifive_test_class = {
  .name = "sifive-test",
  .bus = "system",
  .category = "Misc devices",
  .help = "SiFive test finisher: power off and reset",
  .size = sizeof (SifiveTest),
  .init = sifive_test_init,
};
