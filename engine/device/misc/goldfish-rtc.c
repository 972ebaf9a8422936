/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "goldfish-rtc.h"
#include "register.h"
#include <inttypes.h>
#include <time.h>

/* The alarm's timer counts the machine's time, which the wall clock may leave behind when either is set: it
 * never sleeps for longer than this without looking. */
#define LONGEST_SLEEP (INT64_C (60) * 1000000000)

static int64_t
host_wall_clock (void)
{
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t
wall_clock (GoldfishRtc *rtc)
{
  return (uint64_t)(rtc->wall_clock != NULL ? rtc->wall_clock () : host_wall_clock ());
}

uint64_t
goldfish_rtc_now (GoldfishRtc *rtc)
{
  return wall_clock (rtc) + (uint64_t)rtc->offset;
}

static void
update_irq (GoldfishRtc *rtc)
{
  irq_set (&rtc->irq, rtc->pending && rtc->irq_enabled & 1);
}

/* Raises the alarm if it is due, arms the timer if not. */
static void
check_alarm (GoldfishRtc *rtc)
{
  uint64_t now = goldfish_rtc_now (rtc);
  if (!rtc->armed) {
    clock_timer_cancel (rtc->timer);
  } else if (now >= rtc->alarm) {
    clock_timer_cancel (rtc->timer);
    rtc->armed = false;
    rtc->pending = true;
    device_trace (rtc, "the alarm rings");
  } else {
    clock_timer_set (rtc->timer,
                     clock_now (rtc->clock) + (int64_t)MIN (rtc->alarm - now, (uint64_t)LONGEST_SLEEP));
  }
  update_irq (rtc);
}

static void
timer_expired (void *opaque)
{
  GoldfishRtc *rtc = opaque;
  g_rec_mutex_lock (&rtc->dev.lock);
  check_alarm (rtc);
  g_rec_mutex_unlock (&rtc->dev.lock);
}

static uint64_t
time_low_read (Device *dev, unsigned index, uint64_t stored)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  uint64_t now = goldfish_rtc_now (rtc);
  rtc->time_low = (uint32_t)now;
  rtc->time_high = (uint32_t)(now >> 32);
  return rtc->time_low;
}

static void
time_low_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  uint64_t now = (uint64_t)rtc->time_high << 32 | (uint32_t)written;
  rtc->offset = (int64_t)(now - wall_clock (rtc));
  device_trace (dev, "the guest sets the clock to %" PRIu64 " s", now / 1000000000);
  check_alarm (rtc);
}

static void
alarm_low_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->alarm = (uint64_t)rtc->alarm_high << 32 | rtc->alarm_low;
  rtc->armed = true;
  check_alarm (rtc);
}

static void
irq_enabled_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  update_irq ((GoldfishRtc *)dev);
}

static void
clear_alarm_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->armed = false;
  check_alarm (rtc);
}

static uint64_t
alarm_status_read (Device *dev, unsigned index, uint64_t stored)
{
  return ((GoldfishRtc *)dev)->armed;
}

static void
clear_interrupt_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->pending = false;
  update_irq (rtc);
}

static const Register goldfish_rtc_registers[] = {
  { .name = "TIME_LOW",
    .offset = 0x00,
    .size = 4,
    REGISTER_AT (GoldfishRtc, time_low),
    .writable = UINT32_MAX,
    .read = time_low_read,
    .write = time_low_write },
  { .name = "TIME_HIGH",
    .offset = 0x04,
    .size = 4,
    REGISTER_AT (GoldfishRtc, time_high),
    .writable = UINT32_MAX },
  { .name = "ALARM_LOW",
    .offset = 0x08,
    .size = 4,
    REGISTER_AT (GoldfishRtc, alarm_low),
    .writable = UINT32_MAX,
    .write = alarm_low_write },
  { .name = "ALARM_HIGH",
    .offset = 0x0c,
    .size = 4,
    REGISTER_AT (GoldfishRtc, alarm_high),
    .writable = UINT32_MAX },
  { .name = "IRQ_ENABLED",
    .offset = 0x10,
    .size = 4,
    REGISTER_AT (GoldfishRtc, irq_enabled),
    .writable = 1,
    .write = irq_enabled_write },
  { .name = "CLEAR_ALARM", .offset = 0x14, .size = 4, .writable = UINT32_MAX, .write = clear_alarm_write },
  { .name = "ALARM_STATUS", .offset = 0x18, .size = 4, .read = alarm_status_read },
  { .name = "CLEAR_INTERRUPT",
    .offset = 0x1c,
    .size = 4,
    .writable = UINT32_MAX,
    .write = clear_interrupt_write },
  { 0 },
};

static const RegisterBank goldfish_rtc_bank = {
  .name = "goldfish-rtc",
  .size = GOLDFISH_RTC_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = goldfish_rtc_registers,
};

static void
goldfish_rtc_init (Device *dev)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->region = device_add_bank (dev, &goldfish_rtc_bank);
}

static bool
goldfish_rtc_realize (Device *dev, GError **error)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->timer = clock_timer_new (rtc->clock, timer_expired, rtc);
  return true;
}

static void
goldfish_rtc_unrealize (Device *dev)
{
  clock_timer_free (((GoldfishRtc *)dev)->timer);
}

/* The time of day survives a reset, as behind a battery. */
static void
goldfish_rtc_reset (Device *dev)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  rtc->armed = rtc->pending = false;
  check_alarm (rtc);
}

static bool
goldfish_rtc_loaded (Device *dev, GError **error)
{
  check_alarm ((GoldfishRtc *)dev);
  return true;
}

/* The wall clock went on while the machine stood. */
static void
goldfish_rtc_resume (Device *dev)
{
  GoldfishRtc *rtc = (GoldfishRtc *)dev;
  g_rec_mutex_lock (&dev->lock);
  check_alarm (rtc);
  g_rec_mutex_unlock (&dev->lock);
}

static const DeviceSave goldfish_rtc_saved[] = {
  { "offset", DEVICE_SAVE_U64, offsetof (GoldfishRtc, offset) },
  { "alarm", DEVICE_SAVE_U64, offsetof (GoldfishRtc, alarm) },
  { "armed", DEVICE_SAVE_BOOL, offsetof (GoldfishRtc, armed) },
  { "pending", DEVICE_SAVE_BOOL, offsetof (GoldfishRtc, pending) },
  { 0 },
};

const DeviceClass goldfish_rtc_class = {
  .name = "goldfish-rtc",
  .bus = "system",
  .category = "Misc devices",
  .help = "Goldfish real-time clock",
  .size = sizeof (GoldfishRtc),
  .saved = goldfish_rtc_saved,
  .init = goldfish_rtc_init,
  .realize = goldfish_rtc_realize,
  .unrealize = goldfish_rtc_unrealize,
  .reset = goldfish_rtc_reset,
  .loaded = goldfish_rtc_loaded,
  .resume = goldfish_rtc_resume,
};
