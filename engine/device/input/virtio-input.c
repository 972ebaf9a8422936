/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The devices: keyboard, mouse and tablet, their configuration space and life. */

#include "device-input.h"
#include "virtio-input-private.h"

#include <gio/gio.h>
#include <linux/input.h>
#include <string.h>

#define QUEUE_SIZE   64
#define VENDOR       0x1af4 /* virtio's PCI vendor */
#define ABSOLUTE_MAX 0x7fff

#define CONFIG_SIZE sizeof (struct virtio_input_config)
#define END         0xffff

static const uint16_t buttons[] = { BTN_LEFT, BTN_RIGHT,   BTN_MIDDLE, BTN_SIDE, BTN_EXTRA,
                                    BTN_BACK, BTN_FORWARD, BTN_TASK,   END };
static const uint16_t mouse_rel[] = { REL_X, REL_Y, REL_WHEEL, REL_HWHEEL, END };
static const uint16_t tablet_rel[] = { REL_WHEEL, REL_HWHEEL, END };
static const uint16_t tablet_abs[] = { ABS_X, ABS_Y, END };
static const uint16_t keyboard_leds[] = { LED_NUML, LED_CAPSL, LED_SCROLLL, END };

static const VirtioInputKind *
kind_of (const VirtioDevice *vdev)
{
  return (const VirtioInputKind *)vdev->vclass;
}

/* ---- Configuration (§5.8.5) ---- */

static uint8_t
bitmap_size (const uint8_t *bits)
{
  uint8_t size = VIRTIO_INPUT_BITMAP;
  while (size > 0 && bits[size - 1] == 0)
    size--;
  return size;
}

static uint8_t
put_text (struct virtio_input_config *config, const char *text)
{
  const size_t n = text != NULL ? strnlen (text, sizeof config->u.string) : 0;
  if (n != 0)
    memcpy (config->u.string, text, n);
  return (uint8_t)n;
}

static uint8_t
put_bits (struct virtio_input_config *config, const uint8_t *bits)
{
  memcpy (config->u.bitmap, bits, VIRTIO_INPUT_BITMAP);
  return bitmap_size (bits);
}

static uint8_t
put_ids (struct virtio_input_config *config, const VirtioInputKind *kind)
{
  config->u.ids = (struct virtio_input_devids){ .bustype = GUINT16_TO_LE (BUS_VIRTUAL),
                                                .vendor = GUINT16_TO_LE (VENDOR),
                                                .product = GUINT16_TO_LE (kind->product),
                                                .version = GUINT16_TO_LE (1) };
  return sizeof config->u.ids;
}

static uint8_t
put_abs_info (struct virtio_input_config *config, const VirtioInput *input)
{
  if (!virtio_input_bit (input->supported[EV_ABS], input->subsel))
    return 0;
  config->u.abs.max = GUINT32_TO_LE (ABSOLUTE_MAX);
  return sizeof config->u.abs;
}

static uint8_t
put_prop_bits (struct virtio_input_config *config, const VirtioInputKind *kind)
{
  uint8_t bits[VIRTIO_INPUT_BITMAP] = { 0 };
  virtio_input_set_bit (bits, INPUT_PROP_POINTER, kind->pointer);
  return put_bits (config, bits);
}

/* Size 0 says that there is no such thing. */
static uint8_t
fill (const VirtioInput *input, struct virtio_input_config *config)
{
  const VirtioInputKind *kind = kind_of (&input->vdev);
  if (input->select == VIRTIO_INPUT_CFG_EV_BITS)
    return input->subsel < EV_CNT ? put_bits (config, input->supported[input->subsel]) : 0;
  if (input->select == VIRTIO_INPUT_CFG_ABS_INFO)
    return put_abs_info (config, input);
  if (input->subsel != 0)
    return 0;
  switch (input->select) {
    case VIRTIO_INPUT_CFG_ID_NAME: return put_text (config, kind->name);
    case VIRTIO_INPUT_CFG_ID_SERIAL: return put_text (config, input->serial);
    case VIRTIO_INPUT_CFG_ID_DEVIDS: return put_ids (config, kind);
    case VIRTIO_INPUT_CFG_PROP_BITS: return put_prop_bits (config, kind);
    default: return 0;
  }
}

static void
input_config_read (VirtioDevice *vdev)
{
  const VirtioInput *input = (const VirtioInput *)vdev;
  struct virtio_input_config config = { .select = input->select, .subsel = input->subsel };
  config.size = fill (input, &config);
  memcpy (vdev->config, &config, CONFIG_SIZE);
}

static void
input_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioInput *input = (VirtioInput *)vdev;
  if (offset + size > 2) {
    device_guest_error (&vdev->dev, "a write to read-only configuration at 0x%x", offset);
    return;
  }
  if (offset == 0)
    input->select = vdev->config[0];
  if (offset + size == 2)
    input->subsel = vdev->config[1];
}

static void
input_running (VirtioDevice *vdev, bool running)
{
  VirtioInput *input = (VirtioInput *)vdev;
  g_rec_mutex_lock (&vdev->dev.lock);
  input->running = running;
  g_rec_mutex_unlock (&vdev->dev.lock);
}

/* ---- Kinds ---- */

#define INPUT_VIRTIO(name_, pci_class_)                                                                      \
  {                                                                                                          \
    .id = 18,                                                                                                \
    .name = name_,                                                                                           \
    .pci_class = pci_class_,                                                                                 \
    .config_size = CONFIG_SIZE,                                                                              \
    .config_read = input_config_read,                                                                        \
    .config_written = input_config_written,                                                                  \
    .running = input_running,                                                                                \
  }

static const VirtioInputKind keyboard = {
  .virtio = INPUT_VIRTIO ("virtio-keyboard", 0x0900),
  .name = "Vitrine Virtio Keyboard",
  .product = 1,
  .kind = INPUT_KEYBOARD,
  .all_keys = true,
  .leds = keyboard_leds,
  .repeats = true,
};

static const VirtioInputKind mouse = {
  .virtio = INPUT_VIRTIO ("virtio-mouse", 0x0902),
  .name = "Vitrine Virtio Mouse",
  .product = 2,
  .kind = INPUT_POINTER_REL,
  .buttons = buttons,
  .rel = mouse_rel,
  .pointer = true,
};

static const VirtioInputKind tablet = {
  .virtio = INPUT_VIRTIO ("virtio-tablet", 0x0980),
  .name = "Vitrine Virtio Tablet",
  .product = 3,
  .kind = INPUT_POINTER_ABS,
  .buttons = buttons,
  .rel = tablet_rel,
  .abs = tablet_abs,
  .pointer = true,
};

static void
set_bits (uint8_t *bits, const uint16_t *codes)
{
  for (; codes != NULL && *codes != END; codes++)
    virtio_input_set_bit (bits, *codes, true);
}

static void
set_keys (uint8_t *bits)
{
  uint16_t code;
  for (const char *const *name = input_key_names (); *name != NULL; name++)
    if (input_key_find (*name, &code, NULL) && code < BTN_MISC)
      virtio_input_set_bit (bits, code, true);
}

/* ---- Life ---- */

static void
init (Device *dev, const VirtioInputKind *kind)
{
  VirtioInput *input = (VirtioInput *)dev;
  virtio_init (&input->vdev, &kind->virtio);
  set_bits (input->supported[EV_KEY], kind->buttons);
  set_bits (input->supported[EV_REL], kind->rel);
  set_bits (input->supported[EV_ABS], kind->abs);
  set_bits (input->supported[EV_LED], kind->leds);
  if (kind->all_keys)
    set_keys (input->supported[EV_KEY]);
  if (kind->repeats) {
    virtio_input_set_bit (input->supported[EV_REP], REP_DELAY, true);
    virtio_input_set_bit (input->supported[EV_REP], REP_PERIOD, true);
  }
}

static void
keyboard_init (Device *dev)
{
  init (dev, &keyboard);
}

static void
mouse_init (Device *dev)
{
  init (dev, &mouse);
}

static void
tablet_init (Device *dev)
{
  init (dev, &tablet);
}

static bool
input_realize (Device *dev, GError **error)
{
  static const InputSink sink = { .event = virtio_input_event };
  VirtioInput *input = (VirtioInput *)dev;
  input->batch = g_array_new (FALSE, FALSE, sizeof (InputEvent));
  input->pending = g_array_new (FALSE, FALSE, sizeof (InputEvent));
  input->events = virtio_add_queue (&input->vdev, QUEUE_SIZE, virtio_input_handle_events);
  input->status = virtio_add_queue (&input->vdev, QUEUE_SIZE, virtio_input_handle_status);
  input_sink_add (kind_of (&input->vdev)->kind, &sink, input);
  return true;
}

static void
input_unrealize (Device *dev)
{
  VirtioInput *input = (VirtioInput *)dev;
  input_sink_remove (input);
  virtio_stop (&input->vdev);
  g_clear_pointer (&input->batch, g_array_unref);
  g_clear_pointer (&input->pending, g_array_unref);
}

static void
input_reset (Device *dev)
{
  VirtioInput *input = (VirtioInput *)dev;
  virtio_input_drop (input);
  input->select = input->subsel = 0;
  input->leds = 0;
}

static void
input_save (Device *dev, GVariantBuilder *state)
{
  g_variant_builder_add (state, "{sv}", "events", virtio_input_save_events ((VirtioInput *)dev));
}

static bool
input_load (Device *dev, GVariant *state, GError **error)
{
  g_autoptr (GVariant) events =
      g_variant_lookup_value (state, "events", G_VARIANT_TYPE (VIRTIO_INPUT_STATE_TYPE));
  if (events != NULL && virtio_input_load_events ((VirtioInput *)dev, events))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the saved events are not those of a %s; the file is damaged", dev->path,
               dev->class->name);
  return false;
}

#define AT(member) offsetof (VirtioInput, member)
static const DeviceProp input_props[] = {
  { "serial", DEVICE_PROP_STRING, AT (serial), .help = "serial number the guest sees" },
  { NULL },
};

static const DeviceSave input_saved[] = {
  { "select", DEVICE_SAVE_U8, AT (select) },
  { "subsel", DEVICE_SAVE_U8, AT (subsel) },
  { "leds", DEVICE_SAVE_U16, AT (leds) },
  { NULL },
};

#define INPUT_CLASS(name_, help_, init_)                                                                     \
  {                                                                                                          \
    .name = name_,                                                                                           \
    .bus = "virtio-bus",                                                                                     \
    .category = "Input devices",                                                                             \
    .help = help_,                                                                                           \
    .size = sizeof (VirtioInput),                                                                            \
    .base = &virtio_device_class,                                                                            \
    .props = input_props,                                                                                    \
    .saved = input_saved,                                                                                    \
    .init = init_,                                                                                           \
    .realize = input_realize,                                                                                \
    .unrealize = input_unrealize,                                                                            \
    .reset = input_reset,                                                                                    \
    .save = input_save,                                                                                      \
    .load = input_load,                                                                                      \
    .user_creatable = true,                                                                                  \
  }

static const DeviceClass keyboard_class =
    INPUT_CLASS ("virtio-keyboard-device", "virtio keyboard", keyboard_init);
static const DeviceClass mouse_class = INPUT_CLASS ("virtio-mouse-device", "virtio mouse", mouse_init);
static const DeviceClass tablet_class =
    INPUT_CLASS ("virtio-tablet-device", "virtio tablet, with absolute coordinates", tablet_init);

void
device_input_register (void)
{
  virtio_register (&keyboard_class, &keyboard.virtio);
  virtio_register (&mouse_class, &mouse.virtio);
  virtio_register (&tablet_class, &tablet.virtio);
}
