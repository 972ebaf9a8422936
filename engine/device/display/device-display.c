/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-display.h"

#include "ramfb.h"
#include "virtio-gpu.h"

void
device_display_register (void)
{
  virtio_gpu_register ();
  device_class_register (&ramfb_class);
}
