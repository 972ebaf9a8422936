/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "gpio-key.h"

#define PRESS_TIME INT64_C (100000000)

static void
set_pressed (GpioKey *key, bool pressed)
{
  g_rec_mutex_lock (&key->dev.lock);
  key->pressed = pressed;
  if (pressed)
    clock_timer_set (key->timer, clock_now (key->clock) + PRESS_TIME);
  g_rec_mutex_unlock (&key->dev.lock);
  irq_set (&key->out, pressed);
}

void
gpio_key_press (GpioKey *key)
{
  set_pressed (key, true);
}

static void
timer_expired (void *opaque)
{
  set_pressed (opaque, false);
}

static bool
gpio_key_realize (Device *dev, GError **error)
{
  GpioKey *key = (GpioKey *)dev;

  key->timer = clock_timer_new (key->clock, timer_expired, key);
  return true;
}

static void
gpio_key_unrealize (Device *dev)
{
  clock_timer_free (((GpioKey *)dev)->timer);
}

static void
gpio_key_reset (Device *dev)
{
  GpioKey *key = (GpioKey *)dev;

  clock_timer_cancel (key->timer);
  key->pressed = false;
  irq_set (&key->out, false);
}

static bool
gpio_key_loaded (Device *dev, GError **error)
{
  const GpioKey *key = (const GpioKey *)dev;

  irq_set (&key->out, key->pressed);
  return true;
}

static const DeviceSave gpio_key_saved[] = {
  { "pressed", DEVICE_SAVE_BOOL, offsetof (GpioKey, pressed) },
  { "timer", DEVICE_SAVE_TIMER, offsetof (GpioKey, timer) },
  { 0 },
};

const DeviceClass gpio_key_class = {
  .name = "gpio-key",
  .bus = "system",
  .category = "Misc devices",
  .help = "button on a GPIO pin",
  .size = sizeof (GpioKey),
  .saved = gpio_key_saved,
  .realize = gpio_key_realize,
  .unrealize = gpio_key_unrealize,
  .reset = gpio_key_reset,
  .loaded = gpio_key_loaded,
};
