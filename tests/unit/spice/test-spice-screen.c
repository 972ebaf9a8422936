/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a client sees of screens. */

#include "spice-rig.h"

#include <string.h>
#include <sys/resource.h>

#define LOCAL "disable-ticketing=on,image-compression=off,streaming-video=off"

static void
open_both (Rig *rig, RigClient *client, const char *options, unsigned screens)
{
  rig_open (rig, options, screens, 0);
  for (unsigned i = 0; i < screens; i++)
    rig_fill (&rig->screens[i], 0, 0, 640, 400, 0x123456 + i);
  rig_connect (client, rig, NULL, false);
  for (unsigned i = 0; i < screens; i++)
    g_assert_true (rig_wait (rig_same (client, i), 5000));
}

static void
close_both (Rig *rig, RigClient *client)
{
  rig_disconnect (client);
  rig_close (rig);
}

static void
test_pixels (void)
{
  Rig rig;
  RigClient client;
  open_both (&rig, &client, LOCAL, 1);
  RigView *view = &client.views[0];
  g_assert_cmpuint (view->creations, ==, 1);
  /* Only what has changed is sent. */
  rig_run (100);
  view->invalidated = 0;
  rig_fill (&rig.screens[0], 10, 20, 30, 40, 0xff0000);
  g_assert_true (rig_wait (rig_same (&client, 0), 2000));
  g_assert_cmpuint (view->invalidated, ==, 30 * 40);
  /* At the edges, and far from each other. */
  view->invalidated = 0;
  rig_fill (&rig.screens[0], 639, 399, 1, 1, 0xffffff);
  rig_fill (&rig.screens[0], 0, 0, 1, 1, 0xabcdef);
  g_assert_true (rig_wait (rig_same (&client, 0), 2000));
  g_assert_cmpuint (view->invalidated, ==, 2);
  close_both (&rig, &client);
}

static void
test_compressed (void)
{
  Rig rig;
  RigClient client;
  GRand *random = g_rand_new_with_seed (1);
  open_both (&rig, &client, "disable-ticketing=on,streaming-video=off,image-compression=auto_glz", 1);
  for (unsigned i = 0; i < 100; i++) {
    const uint32_t x = g_rand_int_range (random, 0, 600), y = g_rand_int_range (random, 0, 360);
    rig_fill (&rig.screens[0], x, y, g_rand_int_range (random, 1, 40), g_rand_int_range (random, 1, 40),
              g_rand_int (random));
  }
  g_assert_true (rig_wait (rig_same (&client, 0), 5000));
  g_rand_free (random);
  close_both (&rig, &client);
}

/* Large areas come in bands of half a megabyte, the last of which is smaller, also where they would be even.
 */
static void
test_bands (void)
{
  static const struct {
    uint32_t y, height, bands;
  } cases[] = { { 0, 400, 4 }, { 0, 256, 3 }, { 5, 128, 2 }, { 5, 127, 1 }, { 0, 129, 2 } };
  Rig rig;
  RigClient client;
  open_both (&rig, &client, LOCAL, 1);
  RigView *view = &client.views[0];
  rig_resize (&rig.screens[0], 1024, 400);
  g_assert_true (rig_wait (rig_same (&client, 0), 5000));
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    rig_run (100);
    view->invalidations = 0;
    view->invalidated = 0;
    rig_fill (&rig.screens[0], 0, cases[i].y, 1024, cases[i].height, 0x808080 + i);
    g_assert_true (rig_wait (view->invalidated >= UINT64_C (1024) * cases[i].height, 5000));
    g_assert_true (rig_same (&client, 0));
    g_assert_cmpuint (view->invalidated, ==, 1024 * cases[i].height);
    g_assert_cmpuint (view->invalidations, ==, cases[i].bands);
  }
  close_both (&rig, &client);
}

/* At most sixty times a second, and nothing at all when nothing changes. */
static void
test_rate (void)
{
  Rig rig;
  RigClient client;
  open_both (&rig, &client, LOCAL, 1);
  rig_run (100);
  RigView *view = &client.views[0];
  view->invalidations = 0;
  const int64_t begun = g_get_monotonic_time ();
  for (unsigned i = 0; i < 500; i++) {
    rig_fill (&rig.screens[0], 0, 0, 64, 64, i);
    rig_run (1);
  }
  g_assert_true (rig_wait (rig_same (&client, 0), 2000));
  const double seconds = (double)(g_get_monotonic_time () - begun) / 1e6;
  g_assert_cmpuint (view->invalidations, <=, (unsigned)(60 * seconds) + 3);
  g_assert_cmpuint (view->invalidations, >=, 5);
  rig_run (100);
  view->invalidations = 0;
  struct rusage before, after;
  getrusage (RUSAGE_SELF, &before);
  rig_run (1000);
  getrusage (RUSAGE_SELF, &after);
  g_assert_cmpuint (view->invalidations, ==, 0);
  const int64_t used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * INT64_C (1000000) +
                       (after.ru_utime.tv_usec - before.ru_utime.tv_usec) +
                       (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * INT64_C (1000000) +
                       (after.ru_stime.tv_usec - before.ru_stime.tv_usec);
  g_test_message ("idle: %d us of processor time in a second, server and client", (int)used);
  g_assert_cmpint (used, <, 50000);
  close_both (&rig, &client);
}

static void
test_sizes (void)
{
  static const unsigned sizes[][2] = { { 800, 600 }, { 1, 1 },     { 1023, 767 },
                                       { 0, 0 },     { 320, 200 }, { 320, 200 } };
  Rig rig;
  RigClient client;
  open_both (&rig, &client, LOCAL, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++) {
    rig_resize (&rig.screens[0], sizes[i][0], sizes[i][1]);
    rig_fill (&rig.screens[0], 0, 0, sizes[i][0], sizes[i][1], 0x010203 * (i + 1));
    if (sizes[i][0])
      g_assert_true (rig_wait (rig_same (&client, 0), 5000));
    else
      g_assert_true (rig_wait (!client.views[0].pixels, 5000));
  }
  /* Faster than anybody can follow; the last one counts. */
  for (unsigned i = 0; i < 200; i++) {
    rig_resize (&rig.screens[0], i % 7 ? 100 + i : 0, 100);
    rig_fill (&rig.screens[0], 0, 0, 50, 50, i);
    if (i % 10 == 0)
      rig_run (1);
  }
  g_assert_true (rig_wait (rig_same (&client, 0), 5000));
  close_both (&rig, &client);
}

static void
test_two_screens (void)
{
  Rig rig;
  RigClient client;
  open_both (&rig, &client, LOCAL, 2);
  rig_fill (&rig.screens[1], 5, 5, 5, 5, 0x777777);
  g_assert_true (rig_wait (rig_same (&client, 1) && rig_same (&client, 0), 2000));
  rig_resize (&rig.screens[0], 0, 0);
  rig_fill (&rig.screens[1], 50, 5, 5, 5, 0x888888);
  g_assert_true (rig_wait (!client.views[0].pixels && rig_same (&client, 1), 2000));
  close_both (&rig, &client);
}

/* A screen that is on before anybody looks, one that is switched on later, and one that is removed. */
static void
test_off_and_gone (void)
{
  Rig rig;
  RigClient client;
  rig_open (&rig, LOCAL, 1, 0);
  rig_resize (&rig.screens[0], 0, 0);
  rig_connect (&client, &rig, NULL, false);
  g_assert_true (rig_wait (client.views[0].channel && client.channels >= 3, 5000));
  rig_run (50);
  g_assert_null (client.views[0].pixels);
  rig_resize (&rig.screens[0], 200, 100);
  rig_fill (&rig.screens[0], 0, 0, 200, 100, 0xfeed);
  g_assert_true (rig_wait (rig_same (&client, 0), 2000));
  rig_fill (&rig.screens[0], 0, 0, 200, 100, 0xbeef);
  display_free (rig.screens[0].display);
  rig.n_screens = 0;
  g_free (rig.screens[0].surface.pixels);
  g_assert_true (rig_wait (!client.views[0].pixels, 2000));
  close_both (&rig, &client);
}

static void
test_cursor (void)
{
  static uint32_t argb[64 * 64];
  Rig rig;
  RigClient client;
  for (unsigned i = 0; i < G_N_ELEMENTS (argb); i++)
    argb[i] = 0xff102030;
  open_both (&rig, &client, LOCAL, 1);
  display_set_cursor (rig.screens[0].display, argb, 7, 9);
  g_assert_true (rig_wait (client.cursor_sets && client.cursor_pixel == 0xff302010, 2000));
  g_assert_cmpint (client.cursor_hot_x, ==, 7);
  const unsigned hides = client.cursor_hides;
  display_set_cursor (rig.screens[0].display, NULL, 0, 0);
  g_assert_true (rig_wait (client.cursor_hides > hides, 2000));
  for (int i = -100; i < 100; i++)
    display_move_cursor (rig.screens[0].display, i * 100000, i);
  argb[0] = 0x80aabbcc;
  display_set_cursor (rig.screens[0].display, argb, 63, 63);
  g_assert_true (rig_wait (client.cursor_pixel == 0x80ccbbaa, 2000));
  close_both (&rig, &client);
}

typedef struct {
  unsigned calls;
  Rig *rig;
} Polled;

static void
on_refresh (void *opaque)
{
  ((Polled *)opaque)->calls++;
}

/* A screen that has to be looked at is, while somebody does; and seldom when nothing happens. */
static void
test_polled (void)
{
  Rig rig;
  RigClient client;
  Polled polled = { 0, &rig };
  rig_open (&rig, LOCAL, 1, 0);
  display_set_refresh_hook (rig.screens[0].display, on_refresh, &polled);
  rig_run (200);
  g_assert_cmpuint (polled.calls, <=, 2);
  rig_connect (&client, &rig, NULL, false);
  g_assert_true (rig_wait (rig_same (&client, 0), 5000));
  rig_run (1500);
  const unsigned before = polled.calls;
  rig_run (1000);
  g_assert_cmpuint (polled.calls - before, >=, 2);
  g_assert_cmpuint (polled.calls - before, <=, 8);
  rig_disconnect (&client);
  unsigned looks = 1;
  for (unsigned i = 0; i < 10 && looks; i++) {
    const unsigned after = polled.calls;
    rig_run (500);
    looks = polled.calls - after;
  }
  g_assert_cmpuint (looks, ==, 0);
  rig_close (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_test_add_func ("/spice/screen/pixels", test_pixels);
  g_test_add_func ("/spice/screen/compressed", test_compressed);
  g_test_add_func ("/spice/screen/bands", test_bands);
  g_test_add_func ("/spice/screen/rate", test_rate);
  g_test_add_func ("/spice/screen/sizes", test_sizes);
  g_test_add_func ("/spice/screen/two", test_two_screens);
  g_test_add_func ("/spice/screen/off-and-gone", test_off_and_gone);
  g_test_add_func ("/spice/screen/cursor", test_cursor);
  g_test_add_func ("/spice/screen/polled", test_polled);
  return g_test_run ();
}
