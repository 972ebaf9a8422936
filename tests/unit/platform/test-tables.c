/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the register tables say, of each platform device that has one: reset, masks, saved state, damaged
 * state. */

#include "aclint.h"
#include "device-test.h"
#include "fake-chardev.h"
#include "goldfish-rtc.h"
#include "imsic.h"
#include "pl011.h"
#include "pl031.h"
#include "pl061.h"
#include "platform.h"
#include "plic.h"
#include "sifive-test.h"
#include "uart.h"

/* Two of the class, both wired by `wire`, held against the table. */
static void
test_class (const DeviceClass *class, void (*wire) (Device *dev))
{
  platform_begin ();
  Device *devs[2];
  for (unsigned i = 0; i < 2; i++) {
    devs[i] = device_new (class, "/device");
    if (wire != NULL)
      wire (devs[i]);
    g_assert_true (device_realize (devs[i], NULL));
    device_reset (devs[i]);
  }
  device_test_all (devs[0], devs[1]);
  device_free (devs[1]);
  device_free (devs[0]);
  platform_end ();
}

static void
wire_aclint (Device *dev)
{
  ((Aclint *)dev)->clock = test_clock;
  g_assert_true (device_set (dev, "num-harts", "4", NULL));
}

static void
test_aclint (void)
{
  test_class (&aclint_class, wire_aclint);
}

static void
wire_plic (Device *dev)
{
  g_assert_true (device_set (dev, "num-contexts", "8", NULL));
}

static void
test_plic (void)
{
  test_class (&plic_class, wire_plic);
}

static void
test_imsic (void)
{
  test_class (&imsic_class, NULL);
}

static void
wire_uart (Device *dev)
{
  ((Uart *)dev)->clock = test_clock;
}

static void
test_uart (void)
{
  test_class (&uart_class, wire_uart);
}

static int64_t
wall_clock (void)
{
  return INT64_C (1700000000000000000);
}

static void
wire_rtc (Device *dev)
{
  ((GoldfishRtc *)dev)->clock = test_clock;
  ((GoldfishRtc *)dev)->wall_clock = wall_clock;
}

static void
test_rtc (void)
{
  test_class (&goldfish_rtc_class, wire_rtc);
}

static void
wire_pl011 (Device *dev)
{
  ((Pl011 *)dev)->clock = test_clock;
}

static void
test_pl011 (void)
{
  test_class (&pl011_class, wire_pl011);
}

static void
wire_pl031 (Device *dev)
{
  ((Pl031 *)dev)->clock = test_clock;
  ((Pl031 *)dev)->wall_clock = wall_clock;
}

static void
test_pl031 (void)
{
  test_class (&pl031_class, wire_pl031);
}

static void
test_pl061 (void)
{
  test_class (&pl061_class, NULL);
}

static void
power_off (void *opaque, int exit_code)
{
}

static void
restart (void *opaque)
{
}

static void
wire_finisher (Device *dev)
{
  ((SifiveTest *)dev)->power_off = power_off;
  ((SifiveTest *)dev)->restart = restart;
}

static void
test_finisher (void)
{
  test_class (&sifive_test_class, wire_finisher);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tables/aclint", test_aclint);
  g_test_add_func ("/tables/plic", test_plic);
  g_test_add_func ("/tables/imsic", test_imsic);
  g_test_add_func ("/tables/uart", test_uart);
  g_test_add_func ("/tables/goldfish-rtc", test_rtc);
  g_test_add_func ("/tables/pl011", test_pl011);
  g_test_add_func ("/tables/pl031", test_pl031);
  g_test_add_func ("/tables/pl061", test_pl061);
  g_test_add_func ("/tables/sifive-test", test_finisher);
  return g_test_run ();
}
