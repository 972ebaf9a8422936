/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keyval.h"
#include "suggest.h"

static Keyval *
parse (const char *text, const char *first_key)
{
  GError *error = NULL;
  Keyval *kv = keyval_parse (text, first_key, &error);
  g_assert_no_error (error);
  g_assert_nonnull (kv);
  return kv;
}

static void
assert_says (GError *error, const char *part)
{
  g_assert_nonnull (error);
  if (!strstr (error->message, part))
    g_error ("'%s' is not in '%s'", part, error->message);
  g_error_free (error);
}

static void
test_list (void)
{
  g_autoptr (Keyval) kv = parse ("a,,b=c,file=x,,y=z,empty=,ro,file=2,", "first");
  g_assert_cmpstr (keyval_get (kv, "first"), ==, "a,b=c");
  g_assert_cmpstr (keyval_get (kv, "file"), ==, "2");
  g_assert_cmpstr (keyval_get (kv, "empty"), ==, "");
  g_assert_cmpstr (keyval_get (kv, "ro"), ==, "on");
  g_assert_null (keyval_get (kv, "absent"));
  g_autoptr (GPtrArray) files = keyval_get_all (kv, "file");
  g_assert_cmpuint (files->len, ==, 2);
  g_assert_cmpstr (files->pdata[0], ==, "x,y=z");
  g_assert_true (keyval_finish (kv, "this", NULL));

  g_autoptr (Keyval) none = parse ("", "first");
  g_assert_null (keyval_get (none, "first"));
  g_assert_true (keyval_finish (none, "this", NULL));
  g_autoptr (Keyval) pair_first = parse ("id=x,word", "first");
  g_assert_null (keyval_get (pair_first, "first"));
  g_assert_cmpstr (keyval_get (pair_first, "id"), ==, "x");
}

static void
test_malformed (void)
{
  GError *error = NULL;
  g_assert_null (keyval_parse ("a=b,=c", NULL, &error));
  assert_says (g_steal_pointer (&error), "'=c'");
  g_assert_null (keyval_parse ("=c", "first", &error));
  assert_says (g_steal_pointer (&error), "name is missing");
  g_assert_null (keyval_parse ("a=b,word,,c", NULL, &error));
  assert_says (g_steal_pointer (&error), "name is missing");
}

static void
test_values (void)
{
  GError *error = NULL;
  g_autoptr (Keyval) kv = parse ("server,nowait,telnet=maybe,n=0x10,m=12x,s=1.5k,t=16777216T,neg=-1", NULL);
  bool b;
  uint64_t n;
  g_assert_true (keyval_get_bool (kv, "server", false, &b, NULL) && b);
  g_assert_true (keyval_get_bool (kv, "wait", true, &b, NULL) && !b);
  g_assert_true (keyval_get_bool (kv, "absent", true, &b, NULL) && b);
  g_assert_false (keyval_get_bool (kv, "telnet", false, &b, &error));
  assert_says (g_steal_pointer (&error), "telnet: 'maybe' is neither on nor off");
  g_assert_true (keyval_get_uint (kv, "n", 1, &n, NULL) && n == 16);
  g_assert_true (keyval_get_uint (kv, "absent", 7, &n, NULL) && n == 7);
  g_assert_false (keyval_get_uint (kv, "m", 1, &n, &error));
  assert_says (g_steal_pointer (&error), "'12x'");
  g_assert_false (keyval_get_uint (kv, "neg", 1, &n, &error));
  assert_says (g_steal_pointer (&error), "'-1'");
  g_assert_true (keyval_get_size (kv, "s", 1, &n, NULL) && n == 1536);
  g_assert_false (keyval_get_size (kv, "t", 1, &n, &error));
  assert_says (g_steal_pointer (&error), "too large");
  g_assert_true (keyval_finish (kv, "this", NULL));
}

static void
test_sizes (void)
{
  static const struct {
    const char *text;
    uint64_t bytes;
  } good[] = { { "0", 0 },       { "2", 2 << 20 }, { "2G", UINT64_C (2) << 30 }, { "512m", 512 << 20 },
               { "1KiB", 1024 }, { "3B", 3 },      { "0x10k", 16384 },           { "0.25M", 1 << 18 } };
  static const char *const wrong[] = {
    "", "G", "-1", " 1", "1.", "1.x", "1Q", "1kk", "99999999999999999999", "16E"
  };
  uint64_t n;
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++) {
    g_assert_true (keyval_parse_size (good[i].text, 1 << 20, &n, NULL));
    g_assert_cmpuint (n, ==, good[i].bytes);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("%s", wrong[i]);
    g_assert_false (keyval_parse_size (wrong[i], 1, &n, &error));
    g_assert_nonnull (error);
  }
  for (unsigned i = 0; i < 2; i++) {
    static const char *const numbers[] = { "18446744073709551616", "0x" };
    g_assert_false (keyval_parse_uint (numbers[i], &n, NULL));
  }
  g_assert_true (keyval_parse_uint ("18446744073709551615", &n, NULL));
  g_assert_true (n == UINT64_MAX);
}

static void
test_leftover (void)
{
  GError *error = NULL;
  g_autoptr (Keyval) kv = parse ("socket,file.a=1,file.b=2,sever=on", "kind");
  keyval_get (kv, "kind");
  keyval_get (kv, "server");
  keyval_get (kv, "telnet");
  g_assert_false (keyval_finish (kv, "chardev socket", &error));
  assert_says (g_steal_pointer (&error), "no setting 'file.a'");
  g_autoptr (GPtrArray) file = keyval_prefix (kv, "file.");
  g_assert_cmpuint (file->len, ==, 2);
  g_assert_cmpstr (((const KeyvalPair *)file->pdata[1])->key, ==, "file.b");
  g_assert_cmpstr (((const KeyvalPair *)file->pdata[1])->value, ==, "2");
  g_assert_false (keyval_finish (kv, "chardev socket", &error));
  assert_says (g_steal_pointer (&error), "chardev socket has no setting 'sever'; did you mean 'server'?");
  g_autoptr (GPtrArray) rest = keyval_prefix (kv, "");
  g_assert_cmpuint (rest->len, ==, 1);
  g_assert_true (keyval_finish (kv, "chardev socket", NULL));

  g_autoptr (Keyval) unasked = parse ("a=1", NULL);
  g_assert_false (keyval_finish (unasked, "null", &error));
  assert_says (g_steal_pointer (&error), "null has no settings, but 'a'");
}

static void
test_choice (void)
{
  static const char *const names[] = { "writeback", "none", "unsafe", NULL };
  GError *error = NULL;
  unsigned which;
  g_autoptr (Keyval) kv = parse ("cache=none,aio=nune", NULL);
  g_assert_true (keyval_get_choice (kv, "cache", names, 0, &which, NULL) && which == 1);
  g_assert_true (keyval_get_choice (kv, "absent", names, 2, &which, NULL) && which == 2);
  g_assert_false (keyval_get_choice (kv, "aio", names, 0, &which, &error));
  assert_says (g_steal_pointer (&error), "did you mean 'none'?");
}

static void
test_nearest (void)
{
  static const char *const words[] = { "stdio", "pty", "null", "socket", NULL };
  static const char *const none[] = { NULL };
  g_assert_cmpstr (suggest_nearest ("sdtio", words), ==, "stdio");
  g_assert_cmpstr (suggest_nearest ("sock", words), ==, "socket");
  g_assert_cmpstr (suggest_nearest ("NULL", words), ==, "null");
  g_assert_null (suggest_nearest ("", words));
  g_assert_null (suggest_nearest ("xyzzy", words));
  g_assert_null (suggest_nearest ("frobnicator", words));
  g_assert_cmpstr (suggest_nearest ("sckt", words), ==, "socket");
  g_assert_null (suggest_nearest ("x", none));
  g_autofree char *endless = g_strnfill (1 << 20, 'p');
  g_assert_null (suggest_nearest (endless, words));
  g_autofree char *near = suggest_hint ("ptty", words), *far = suggest_hint ("e1000", words);
  g_assert_cmpstr (near, ==, "; did you mean 'pty'?");
  g_assert_cmpstr (far, ==, ".");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyval/list", test_list);
  g_test_add_func ("/keyval/malformed", test_malformed);
  g_test_add_func ("/keyval/values", test_values);
  g_test_add_func ("/keyval/sizes", test_sizes);
  g_test_add_func ("/keyval/leftover", test_leftover);
  g_test_add_func ("/keyval/choice", test_choice);
  g_test_add_func ("/suggest/nearest", test_nearest);
  return g_test_run ();
}
