/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Register dispatch, save and load themselves, on a device with a register of each kind; and bytes as saved
 * state. */

#include "mmio-fuzz.h"
#include "sample-device.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Clock *clock;
  if (clock == NULL)
    clock = clock_new ();
  Sample *sample = sample_new ("/sample", clock);
  device_add_child (&sample->dev, &sample_new ("/sample/child", NULL)->dev);
  if (size != 0 && data[0] == 0xff) {
    g_autoptr (GBytes) bytes = g_bytes_new (data + 1, size - 1);
    g_autoptr (GVariant) state =
        g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    g_autoptr (GError) error = NULL;
    g_assert (device_load (&sample->dev, state, &error) == (error == NULL));
    g_assert (sample->level <= 16 &&
              sample->index <= 4); /* as their table says, also when others did not fit */
  } else {
    mmio_fuzz_run (&sample->dev, NULL, 0, data, size);
  }
  device_free (&sample->dev);
  return 0;
}
