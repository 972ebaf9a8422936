/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Making, finding and using character back ends, whatever their kind. */

#include "chardev-private.h"

#include "suggest.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

enum { OWN_KINDS = 10, MAX_KINDS = 16 };

static const ChardevKind *kinds[MAX_KINDS] = { &chardev_null, &chardev_stdio,  &chardev_file,
                                               &chardev_pipe, &chardev_serial, &chardev_pty,
                                               &chardev_vc,   &chardev_socket, &chardev_ringbuf,
                                               &chardev_hub };
static unsigned n_kinds = OWN_KINDS;
static GPtrArray *all; /* not those inside a mux */

void
chardev_add_kind (const ChardevKind *kind)
{
  for (unsigned i = 0; i < n_kinds; i++)
    if (kinds[i] == kind)
      return;
  g_return_if_fail (n_kinds < MAX_KINDS);
  kinds[n_kinds++] = kind;
}

void
chardev_register (Chardev *chr)
{
  if (!all)
    all = g_ptr_array_new ();
  g_ptr_array_add (all, chr);
}

void
chardev_hide (Chardev *chr)
{
  g_ptr_array_remove (all, chr);
}

Chardev *
chardev_alloc (const ChardevKind *kind)
{
  Chardev *chr = g_malloc0 (kind->size);
  chr->kind = kind;
  chr->refs = 1;
  chr->in_fd = chr->out_fd = chr->log_fd = -1;
  chr->pending = g_byte_array_new ();
  g_mutex_init (&chr->lock);
  return chr;
}

void
chardev_free (Chardev *chr)
{
  if (!chr || --chr->refs)
    return;
  if (all)
    g_ptr_array_remove (all, chr);
  chr->refs = 1; /* What it does below may take and give references. */
  chardev_detach (chr);
  chardev_set_fds (chr, -1, -1);
  if (chr->kind->close)
    chr->kind->close (chr);
  if (chr->idle) {
    g_source_destroy (chr->idle);
    g_source_unref (chr->idle);
  }
  chardev_waiting_remove (chr, NULL);
  if (chr->log_fd >= 0)
    close (chr->log_fd);
  g_byte_array_unref (chr->pending);
  chardev_close_fds (chr);
  g_clear_pointer (&chr->fds, g_array_unref);
  g_mutex_clear (&chr->lock);
  g_free (chr->id);
  g_free (chr->text);
  g_free (chr);
}

const char *
chardev_id (const Chardev *chr)
{
  return chr->id;
}

void
chardev_set_id (Chardev *chr, const char *id)
{
  g_free (chr->id);
  chr->id = g_strdup (id);
}

const char *
chardev_describe (const Chardev *chr)
{
  return chr->text;
}

bool
chardev_connected (const Chardev *chr)
{
  return chr->connected;
}

bool
chardev_attached (const Chardev *chr)
{
  return chr->attached;
}

Chardev *
chardev_find (const char *id)
{
  for (unsigned i = 0; all && i < all->len; i++) {
    Chardev *chr = all->pdata[i];
    if (chr->id && !strcmp (chr->id, id))
      return chr;
  }
  return NULL;
}

GPtrArray *
chardev_list (void)
{
  GPtrArray *list = g_ptr_array_new ();
  for (unsigned i = 0; all && i < all->len; i++)
    g_ptr_array_add (list, all->pdata[i]);
  return list;
}

GPtrArray *
chardev_kinds (void)
{
  GPtrArray *names = g_ptr_array_new ();
  for (unsigned i = 0; i < n_kinds; i++)
    g_ptr_array_add (names, (char *)kinds[i]->name);
  return names;
}

static const ChardevKind *
find_kind (const char *name, GError **error)
{
  const char *names[MAX_KINDS + 1] = { NULL };
  for (unsigned i = 0; i < n_kinds; i++) {
    if (!strcmp (kinds[i]->name, name))
      return kinds[i];
    names[i] = kinds[i]->name;
  }
  if (!strcmp (name, "memory"))
    return &chardev_ringbuf;
  g_autofree char *known = g_strjoinv (", ", (char **)names), *hint = suggest_hint (name, names);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "there is no character back end '%s'%s Known: %s", name, hint, known);
  return NULL;
}

static bool
open_log (Chardev *chr, Keyval *kv, GError **error)
{
  bool append;
  const char *path = keyval_get (kv, "logfile");
  if (!keyval_get_bool (kv, "logappend", false, &append, error))
    return false;
  if (!path)
    return true;
  chr->log_fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
  if (chr->log_fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot write the log file '%s': %s", path,
                 g_strerror (errno));
  return chr->log_fd >= 0;
}

/* Opens a back end of the kind with the settings; `mux` is the default of its setting of that name. */
static Chardev *
new_of_kind (const ChardevKind *kind, Keyval *kv, bool mux, GError **error)
{
  g_autofree char *what = g_strdup_printf ("the character back end '%s'", kind->name);
  const char *id = keyval_get (kv, "id");
  if (id && chardev_find (id)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "there is a character back end '%s' already; choose another id", id);
    return NULL;
  }
  Chardev *chr = chardev_alloc (kind);
  chr->id = g_strdup (id);
  chr->text = g_strdup (kind->name);
  if (!keyval_get_bool (kv, "mux", mux, &mux, error) || !open_log (chr, kv, error) ||
      !kind->open (chr, kv, error) || !keyval_finish (kv, what, error)) {
    chardev_free (chr);
    return NULL;
  }
  chardev_register (chr);
  return mux ? chardev_mux_new (chr) : chr;
}

Chardev *
chardev_new (const char *options, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (options, "backend", error);
  if (!kv)
    return NULL;
  const char *name = keyval_get (kv, "backend");
  if (!name || !keyval_get (kv, "id")) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' has no %s; write KIND,id=NAME,…",
                 options, name ? "id" : "kind");
    return NULL;
  }
  const ChardevKind *kind = find_kind (name, error);
  return kind ? new_of_kind (kind, kv, false, error) : NULL;
}

/* "HOST:PORT,rest" as "host=HOST,port=PORT,rest". */
static char *
tcp_settings (const char *text, GError **error)
{
  const size_t length = strcspn (text, ",");
  g_autofree char *address = g_strndup (text, length);
  char *colon = strrchr (address, ':');
  if (!colon || !colon[1]) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' has no port; write tcp:HOST:PORT",
                 address);
    return NULL;
  }
  *colon = 0;
  char *host = address;
  if (*host == '[' && colon[-1] == ']') {
    colon[-1] = 0;
    host++;
  }
  return g_strdup_printf ("host=%s,port=%s%s", host, colon + 1, text + length);
}

static char *
path_setting (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ",", -1);
  g_autofree char *escaped = g_strjoinv (",,", parts);
  return g_strconcat ("path=", escaped, NULL);
}

/* The settings that `text` stands for, and its kind's name in *ret_kind. */
static char *
legacy_settings (const char *text, const char **ret_kind, GError **error)
{
  static const char *const prefixes[] = { "file", "pipe" };
  for (unsigned i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    *ret_kind = prefixes[i];
    const size_t n = strlen (prefixes[i]);
    if (g_str_has_prefix (text, prefixes[i]) && text[n] == ':')
      return path_setting (text + n + 1);
  }
  *ret_kind = "serial";
  if (g_str_has_prefix (text, "/dev/"))
    return path_setting (text);
  *ret_kind = "socket";
  if (g_str_has_prefix (text, "unix:"))
    return g_str_has_prefix (text + 5, "path=") ? g_strdup (text + 5) : g_strconcat ("path=", text + 5, NULL);
  if (g_str_has_prefix (text, "tcp:"))
    return tcp_settings (text + 4, error);
  if (g_str_has_prefix (text, "telnet:")) {
    g_autofree char *tcp = tcp_settings (text + 7, error);
    return tcp ? g_strconcat (tcp, ",telnet=on", NULL) : NULL;
  }
  *ret_kind = text;
  if (g_str_has_prefix (text, "vc:")) /* The rest is a size in characters or pixels. */
    *ret_kind = "vc";
  else if (!strcmp (text, "none"))
    *ret_kind = "null";
  return g_strdup ("");
}

static Chardev *
another_reference (const char *id, GError **error)
{
  Chardev *chr = chardev_find (id);
  if (chr)
    chr->refs++;
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "there is no character back end '%s'; declare it with -chardev KIND,id=%s", id, id);
  return chr;
}

Chardev *
chardev_new_legacy (const char *text, GError **error)
{
  const bool mux = g_str_has_prefix (text, "mon:");
  if (mux)
    text += 4;
  if (g_str_has_prefix (text, "chardev:"))
    return another_reference (text + 8, error);
  g_autofree char *name = NULL;
  const char *kind_name;
  g_autofree char *settings = legacy_settings (text, &kind_name, error);
  if (!settings)
    return NULL;
  if (kind_name == text) {
    /* "stdio,signal=off" is not QEMU's, but what is meant is clear. */
    const size_t n = strcspn (text, ",");
    kind_name = name = g_strndup (text, n);
    g_free (settings);
    settings = g_strdup (text + n + (text[n] == ','));
  }
  const ChardevKind *kind = find_kind (kind_name, error);
  if (kind == &chardev_stdio && mux && !*settings) {
    /* Ctrl-C is for the guest; Ctrl-A X ends the program. */
    g_free (settings);
    settings = g_strdup ("signal=off");
  }
  g_autoptr (Keyval) kv = kind ? keyval_parse (settings, NULL, error) : NULL;
  return kv ? new_of_kind (kind, kv, mux, error) : NULL;
}

bool
chardev_attach (Chardev *chr, const ChardevFrontend *frontend, void *opaque, GError **error)
{
  if (chr->kind->attach)
    return chr->kind->attach (chr, frontend, opaque, error);
  if (chr->attached) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "the character back end '%s' is in use by another device; give it mux=on to share it",
                 chr->id ? chr->id : chr->text);
    return false;
  }
  chr->frontend = *frontend;
  chr->opaque = opaque;
  chr->attached = true;
  g_mutex_lock (&chr->lock);
  chr->frontend_open = true;
  chardev_kick (chr, CHARDEV_DO_RESUME | CHARDEV_DO_OPEN | (chr->connected ? CHARDEV_DO_EVENT : 0));
  g_mutex_unlock (&chr->lock);
  return true;
}

void
chardev_detach_one (Chardev *chr, void *opaque)
{
  chardev_waiting_remove (chr, opaque);
  if (chr->kind->detach) {
    chr->kind->detach (chr, opaque);
  } else if (!opaque || opaque == chr->opaque) {
    chr->attached = false;
    chr->opaque = NULL;
    if (chr->kind->frontend_open)
      chr->kind->frontend_open (chr, false);
  }
}

void
chardev_detach (Chardev *chr)
{
  chardev_detach_one (chr, NULL);
}

static void
write_log (Chardev *chr, const uint8_t *data, size_t size)
{
  g_mutex_lock (&chr->lock);
  for (ssize_t n; size && (n = write (chr->log_fd, data, size)) > 0; size -= (size_t)n)
    data += n;
  g_mutex_unlock (&chr->lock);
}

void
chardev_write (Chardev *chr, const uint8_t *data, size_t size)
{
  if (chr->log_fd >= 0)
    write_log (chr, data, size);
  (chr->kind->write ? chr->kind->write : chardev_fd_write) (chr, data, size);
}

bool
chardev_writable (Chardev *chr)
{
  if (chr->kind->writable)
    return chr->kind->writable (chr);
  g_mutex_lock (&chr->lock);
  const bool room = chr->pending->len < CHARDEV_PENDING;
  g_mutex_unlock (&chr->lock);
  return room;
}

void
chardev_notify_writable (Chardev *chr, void (*ready) (void *opaque), void *opaque)
{
  (chr->kind->notify_writable ? chr->kind->notify_writable : chardev_waiting_add) (chr, ready, opaque);
}

void
chardev_set_frontend_open (Chardev *chr, bool open)
{
  g_mutex_lock (&chr->lock);
  if (chr->frontend_open != open) {
    chr->frontend_open = open;
    chardev_kick (chr, CHARDEV_DO_OPEN);
  }
  g_mutex_unlock (&chr->lock);
}

int
chardev_take_fd (Chardev *chr)
{
  if (!chr->fds || chr->fds->len == 0)
    return -1;
  const int fd = g_array_index (chr->fds, int, 0);
  g_array_remove_index (chr->fds, 0);
  return fd;
}

void
chardev_accept_input (Chardev *chr)
{
  if (!g_atomic_int_get (&chr->paused))
    return;
  g_mutex_lock (&chr->lock);
  chardev_kick (chr, CHARDEV_DO_RESUME);
  g_mutex_unlock (&chr->lock);
}
