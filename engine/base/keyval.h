/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lists of settings as command lines have them: "virtio-net-pci,netdev=net0,mac=52:54:00:12:34:56".
 *
 * A comma in a value is written twice.  A word without '=' is a switch that is on ("readonly"), or off when
 * it is a known one after "no" ("nowait"); the first word may be the value of a key of its own.  Each look-up
 * marks its key as known; what nobody has looked up is refused by keyval_finish().  Keys may be repeated: the
 * last one counts, and keyval_get_all() gives them all. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Keyval Keyval;
typedef struct {
  char *key, *value;
} KeyvalPair;

/* `first_key` (may be NULL) is the key of a leading word without '='. NULL and an error for an empty key. */
Keyval *keyval_parse (const char *text, const char *first_key, GError **error);
void keyval_free (Keyval *kv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Keyval, keyval_free)

/* The value, owned by `kv`; NULL where the key was not given. A switch's value is "on". */
const char *keyval_get (Keyval *kv, const char *key);
/* These leave `initial` in *ret where the key was not given. False and an error naming key and value for a
 * bad one. */
bool keyval_get_bool (Keyval *kv, const char *key, bool initial, bool *ret, GError **error);
bool keyval_get_uint (Keyval *kv, const char *key, uint64_t initial, uint64_t *ret, GError **error);
bool keyval_get_size (Keyval *kv, const char *key, uint64_t initial, uint64_t *ret, GError **error);
/* Index of the value in `names` (NULL-terminated); an unknown one's error says the nearest and all. */
bool keyval_get_choice (Keyval *kv, const char *key, const char *const *names, unsigned initial,
                        unsigned *ret, GError **error);
/* Values (char *) of a repeated key, in order; free the array only. */
GPtrArray *keyval_get_all (Keyval *kv, const char *key);
/* Pairs (KeyvalPair *) whose key starts with `prefix`, in order and with their whole key; free the array
 * only. With "" it is all that nobody has looked up yet. */
GPtrArray *keyval_prefix (Keyval *kv, const char *prefix);
/* False and an error when a key is left that nobody asked for: "WHAT has no setting 'sever'; did you mean
 * 'server'?" */
bool keyval_finish (Keyval *kv, const char *what, GError **error);

/* A line for each key that was looked up so far, "  cache=writeback|none|…": what a reader of settings knows,
 * once it has read none. */
void keyval_describe (Keyval *kv, GString *out);

/* "512", "4k", "1.5G" (powers of 1024; a number without a suffix counts `unit` bytes). */
bool keyval_parse_size (const char *text, uint64_t unit, uint64_t *ret, GError **error);
/* Decimal, 0x hexadecimal, whole; with sign it fails. */
bool keyval_parse_uint (const char *text, uint64_t *ret, GError **error);
/* on, off, yes, no, true, false, y, n. */
bool keyval_parse_bool (const char *text, bool *ret, GError **error);
