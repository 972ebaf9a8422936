/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "pl031.h"
#include "register.h"
#include <inttypes.h>
#include <time.h>

#define SECOND INT64_C (1000000000)
/* The alarm's timer counts the machine's time, which the wall clock may leave behind when either is set: it
 * never sleeps for longer than this without looking. */
#define LONGEST_SLEEP (60 * SECOND)

static int64_t
host_wall_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

/* Nanoseconds since 1970, as the guest has set them. */
static uint64_t
now (const Pl031 *rtc)
{
  return (uint64_t)(rtc->wall_clock != NULL ? rtc->wall_clock () : host_wall_clock ()) +
         (uint64_t)rtc->offset;
}

static void
update_irq (Pl031 *rtc)
{
  irq_set (&rtc->irq, rtc->ris & rtc->imsc);
}

/* Raises the interrupt if the second has come, arms the timer if not. */
static void
check_alarm (Pl031 *rtc)
{
  const uint64_t time = now (rtc), second = time / (uint64_t)SECOND;

  if (rtc->armed && second >= rtc->alarm) {
    rtc->armed = false;
    rtc->ris = 1;
    device_trace (rtc, "the counter matches");
  }
  if (rtc->armed) {
    const uint64_t seconds = MIN (rtc->alarm - second, (uint64_t)(LONGEST_SLEEP / SECOND));
    clock_timer_set (rtc->timer, clock_now (rtc->clock) +
                                     (int64_t)(seconds * (uint64_t)SECOND - time % (uint64_t)SECOND));
  } else
    clock_timer_cancel (rtc->timer);
  update_irq (rtc);
}

/* The counter has 32 bits: a match that has passed comes again when it wraps. */
static void
arm_alarm (Pl031 *rtc)
{
  const uint64_t second = now (rtc) / (uint64_t)SECOND;

  rtc->alarm = second + (uint32_t)(rtc->match - (uint32_t)second);
  rtc->armed = true;
  check_alarm (rtc);
}

static void
timer_expired (void *opaque)
{
  Pl031 *rtc = opaque;

  g_rec_mutex_lock (&rtc->dev.lock);
  check_alarm (rtc);
  g_rec_mutex_unlock (&rtc->dev.lock);
}

static uint64_t
dr_read (Device *dev, unsigned index, uint64_t stored)
{
  return (uint32_t)(now ((const Pl031 *)dev) / (uint64_t)SECOND);
}

static void
mr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  arm_alarm ((Pl031 *)dev);
}

static void
lr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl031 *rtc = (Pl031 *)dev;

  rtc->offset += (int64_t)(written * (uint64_t)SECOND - now (rtc));
  device_trace (dev, "the guest sets the clock to %" PRIu64 " s", written);
  if (rtc->armed)
    arm_alarm (rtc);
}

static uint64_t
cr_read (Device *dev, unsigned index, uint64_t stored)
{
  return 1;
}

static void
imsc_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  update_irq ((Pl031 *)dev);
}

static uint64_t
mis_read (Device *dev, unsigned index, uint64_t stored)
{
  const Pl031 *rtc = (const Pl031 *)dev;

  return rtc->ris & rtc->imsc;
}

static void
icr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Pl031 *rtc = (Pl031 *)dev;

  rtc->ris &= ~(uint32_t)written;
  update_irq (rtc);
}

/* RTCPeriphID0 to 3, RTCPCellID0 to 3. */
static uint64_t
id_read (Device *dev, unsigned index, uint64_t stored)
{
  static const uint8_t ids[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

  return ids[index];
}

#define WORD(field) .size = 4, REGISTER_AT (Pl031, field)
static const Register pl031_registers[] = {
  { .name = "RTCDR", .offset = 0x00, .size = 4, .read = dr_read },
  { .name = "RTCMR", .offset = 0x04, WORD (match), .writable = UINT32_MAX, .write = mr_write },
  { .name = "RTCLR", .offset = 0x08, WORD (load), .writable = UINT32_MAX, .write = lr_write },
  { .name = "RTCCR", .offset = 0x0c, .size = 4, .read = cr_read },
  { .name = "RTCIMSC", .offset = 0x10, WORD (imsc), .writable = 1, .write = imsc_write },
  { .name = "RTCRIS", .offset = 0x14, WORD (ris) },
  { .name = "RTCMIS", .offset = 0x18, .size = 4, .read = mis_read },
  { .name = "RTCICR", .offset = 0x1c, .size = 4, .writable = 1, .write = icr_write },
  { .name = "ID", .offset = 0xfe0, .size = 4, .count = 8, .stride = 4, .read = id_read },
  { 0 },
};

static const RegisterBank pl031_bank = {
  .name = "pl031",
  .size = PL031_SIZE,
  .min_access = 1,
  .max_access = 4,
  .narrow_parts = true,
  .regs = pl031_registers,
};

static void
pl031_init (Device *dev)
{
  ((Pl031 *)dev)->region = device_add_bank (dev, &pl031_bank);
}

static bool
pl031_realize (Device *dev, GError **error)
{
  Pl031 *rtc = (Pl031 *)dev;

  rtc->timer = clock_timer_new (rtc->clock, timer_expired, rtc);
  return true;
}

static void
pl031_unrealize (Device *dev)
{
  clock_timer_free (((Pl031 *)dev)->timer);
}

/* The time of day survives a reset, as behind a battery. */
static void
pl031_reset (Device *dev)
{
  Pl031 *rtc = (Pl031 *)dev;

  rtc->armed = false;
  check_alarm (rtc);
}

static bool
pl031_loaded (Device *dev, GError **error)
{
  check_alarm ((Pl031 *)dev);
  return true;
}

/* The wall clock went on while the machine stood. */
static void
pl031_resume (Device *dev)
{
  Pl031 *rtc = (Pl031 *)dev;

  g_rec_mutex_lock (&dev->lock);
  check_alarm (rtc);
  g_rec_mutex_unlock (&dev->lock);
}

static const DeviceSave pl031_saved[] = {
  { "offset", DEVICE_SAVE_U64, offsetof (Pl031, offset) },
  { "alarm", DEVICE_SAVE_U64, offsetof (Pl031, alarm) },
  { "armed", DEVICE_SAVE_BOOL, offsetof (Pl031, armed) },
  { 0 },
};

const DeviceClass pl031_class = {
  .name = "pl031",
  .bus = "system",
  .category = "Misc devices",
  .help = "PrimeCell PL031 real-time clock",
  .size = sizeof (Pl031),
  .saved = pl031_saved,
  .init = pl031_init,
  .realize = pl031_realize,
  .unrealize = pl031_unrealize,
  .reset = pl031_reset,
  .loaded = pl031_loaded,
  .resume = pl031_resume,
};
