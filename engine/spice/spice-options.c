/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -spice's settings: QEMU's names. What the library would only warn of is checked here. */

#include "spice-private.h"

#include "keyval.h"
#include "secret.h"
#include <errno.h>
#include <gio/gio.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BAD(...) (g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, __VA_ARGS__), false)

enum { PASSWORD_MAX = SPICE_MAX_PASSWORD_LENGTH };

static bool
get_port (Keyval *kv, const char *key, int *ret, GError **error)
{
  uint64_t port;
  if (!keyval_get_uint (kv, key, 0, &port, error))
    return false;
  *ret = -1;
  if (!keyval_get (kv, key))
    return true;
  if (port < 1 || port > 65535)
    return BAD ("%s=%" PRIu64 " is not between 1 and 65535", key, port);
  *ret = (int)port;
  return true;
}

/* ---- Where it listens ---- */

static bool
read_address (SpiceOptions *o, Keyval *kv, GError **error)
{
  static const struct {
    const char *key;
    int flag;
  } kinds[] = { { "ipv4", SPICE_ADDR_FLAG_IPV4_ONLY },
                { "ipv6", SPICE_ADDR_FLAG_IPV6_ONLY },
                { "unix", SPICE_ADDR_FLAG_UNIX_ONLY } };
  const char *address = keyval_get (kv, "addr");
  if (!get_port (kv, "port", &o->port, error) || !get_port (kv, "tls-port", &o->tls_port, error))
    return false;
  o->address = g_strdup (address ? address : "");
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    bool on;
    if (!keyval_get_bool (kv, kinds[i].key, false, &on, error))
      return false;
    o->address_flags |= on ? kinds[i].flag : 0;
  }
  if (o->address_flags & (o->address_flags - 1))
    return BAD ("ipv4, ipv6 and unix exclude each other; choose one");
  if (o->address_flags != SPICE_ADDR_FLAG_UNIX_ONLY)
    return true;
  if (!address || !*address)
    return BAD ("unix=on needs addr=PATH, where the socket is made");
  if (o->port >= 0 || o->tls_port >= 0)
    return BAD ("a Unix socket has no port; leave port and tls-port out, or unix=on");
  return true;
}

/* The library removes whatever is in its way. */
static bool
check_path (const char *path, GError **error)
{
  const size_t longest = sizeof ((struct sockaddr_un *)NULL)->sun_path - 1;
  struct stat st;
  if (strlen (path) > longest)
    return BAD ("'%s' is too long for a socket's path; %zu bytes fit", path, longest);
  g_autofree char *folder = g_path_get_dirname (path);
  if (access (folder, W_OK))
    return BAD ("cannot make a socket in '%s': %s", folder, g_strerror (errno));
  if (lstat (path, &st))
    return true;
  if (!S_ISSOCK (st.st_mode))
    return BAD ("'%s' exists and is not a socket; choose another path", path);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool alive = fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0;
  if (fd >= 0)
    close (fd);
  return !alive || BAD ("another program listens on '%s'; end it or choose another path", path);
}

/* Whether the library will be able to listen there; it would print a warning and not say why. */
static bool
check_port (const SpiceOptions *o, int port, GError **error)
{
  const struct addrinfo hints = {
    .ai_family = o->address_flags == SPICE_ADDR_FLAG_IPV4_ONLY   ? AF_INET
                 : o->address_flags == SPICE_ADDR_FLAG_IPV6_ONLY ? AF_INET6
                                                                 : AF_UNSPEC,
    .ai_socktype = SOCK_STREAM,
    .ai_flags = AI_PASSIVE,
  };
  struct addrinfo *list = NULL;
  g_autofree char *number = g_strdup_printf ("%d", port);
  const int status = getaddrinfo (*o->address ? o->address : NULL, number, &hints, &list);
  if (status)
    return BAD ("addr=%s: %s", o->address, gai_strerror (status));
  int problem = EADDRNOTAVAIL;
  for (const struct addrinfo *a = list; a && problem; a = a->ai_next) {
    const int on = 1, fd = socket (a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) {
      problem = errno;
      continue;
    }
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    problem = bind (fd, a->ai_addr, a->ai_addrlen) || listen (fd, 1) ? errno : 0;
    close (fd);
  }
  freeaddrinfo (list);
  if (problem)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (problem), "cannot listen on port %d%s%s: %s%s",
                 port, *o->address ? " of " : "", o->address, g_strerror (problem),
                 problem == EADDRINUSE ? "; end the program that does, or choose another port" : "");
  return !problem;
}

static bool
check_places (const SpiceOptions *o, GError **error)
{
  if (o->address_flags == SPICE_ADDR_FLAG_UNIX_ONLY)
    return check_path (o->address, error);
  return (o->port < 0 || check_port (o, o->port, error)) &&
         (o->tls_port < 0 || check_port (o, o->tls_port, error));
}

/* ---- TLS ---- */

static bool
read_file (Keyval *kv, const char *key, const char *folder, const char *name, char **ret, GError **error)
{
  const char *path = keyval_get (kv, key);
  *ret = path ? g_strdup (path) : g_build_filename (folder, name, NULL);
  if (access (*ret, R_OK) == 0)
    return true;
  return BAD ("cannot read '%s': %s; TLS needs it (x509-dir=FOLDER or %s=FILE say where it is)", *ret,
              g_strerror (errno), key);
}

static bool
read_tls (SpiceOptions *o, Keyval *kv, GError **error)
{
  static const char *const keys[] = { "x509-dir",         "x509-key-file",
                                      "x509-cert-file",   "x509-cacert-file",
                                      "x509-dh-key-file", "x509-key-password",
                                      "tls-ciphers",      NULL };
  const char *given = NULL;
  for (unsigned i = 0; keys[i]; i++)
    if (keyval_get (kv, keys[i]))
      given = keys[i];
  if (o->tls_port < 0)
    return !given || BAD ("%s is for TLS, which needs tls-port=PORT", given);
  const char *folder = keyval_get (kv, "x509-dir");
  folder = folder ? folder : ".";
  o->key_password = g_strdup (keyval_get (kv, "x509-key-password"));
  o->ciphers = g_strdup (keyval_get (kv, "tls-ciphers"));
  if (!read_file (kv, "x509-key-file", folder, "server-key.pem", &o->key_file, error) ||
      !read_file (kv, "x509-cert-file", folder, "server-cert.pem", &o->cert_file, error) ||
      !read_file (kv, "x509-cacert-file", folder, "ca-cert.pem", &o->ca_file, error))
    return false;
  return !keyval_get (kv, "x509-dh-key-file") ||
         read_file (kv, "x509-dh-key-file", folder, "", &o->dh_file, error);
}

/* ---- Who may connect ---- */

static bool
read_password (SpiceOptions *o, Keyval *kv, GError **error)
{
  bool open, sasl;
  const char *password = keyval_get (kv, "password"), *secret = keyval_get (kv, "password-secret");
  if (!keyval_get_bool (kv, "disable-ticketing", false, &open, error) ||
      !keyval_get_bool (kv, "sasl", false, &sasl, error))
    return false;
  if (sasl)
    return BAD ("sasl=on is not offered; use password-secret=ID, and tls-port to keep it from others");
  if (password && secret)
    return BAD ("password and password-secret exclude each other; leave password out");
  o->ticketing = !open;
  if (secret && !secret_get (secret, &o->password, error))
    return false;
  /* Editors end a file's line, which nobody types. */
  if (secret && g_str_has_suffix (o->password, "\n"))
    o->password[strlen (o->password) - 1] = 0;
  if (password)
    o->password = g_strdup (password);
  if (o->password && open)
    return BAD ("disable-ticketing=on lets everybody in, with a password or without; leave one of them out");
  if (o->password && strlen (o->password) > PASSWORD_MAX)
    return BAD ("the password is too long: %d bytes are the most", PASSWORD_MAX);
  return true;
}

/* ---- How it is sent ---- */

static bool
read_compression (SpiceOptions *o, Keyval *kv, GError **error)
{
  static const char *const images[] = { "auto_glz", "auto_lz", "quic", "glz", "lz", "off", NULL };
  static const SpiceImageCompression image_values[] = {
    SPICE_IMAGE_COMPRESSION_AUTO_GLZ, SPICE_IMAGE_COMPRESSION_AUTO_LZ, SPICE_IMAGE_COMPRESSION_QUIC,
    SPICE_IMAGE_COMPRESSION_GLZ,      SPICE_IMAGE_COMPRESSION_LZ,      SPICE_IMAGE_COMPRESSION_OFF
  };
  static const char *const wans[] = { "auto", "never", "always", NULL };
  static const spice_wan_compression_t wan_values[] = { SPICE_WAN_COMPRESSION_AUTO,
                                                        SPICE_WAN_COMPRESSION_NEVER,
                                                        SPICE_WAN_COMPRESSION_ALWAYS };
  static const char *const streams[] = { "off", "all", "filter", NULL };
  static const int stream_values[] = { SPICE_STREAM_VIDEO_OFF, SPICE_STREAM_VIDEO_ALL,
                                       SPICE_STREAM_VIDEO_FILTER };
  unsigned image, jpeg, zlib, stream;
  if (!keyval_get_choice (kv, "image-compression", images, 0, &image, error) ||
      !keyval_get_choice (kv, "jpeg-wan-compression", wans, 0, &jpeg, error) ||
      !keyval_get_choice (kv, "zlib-glz-wan-compression", wans, 0, &zlib, error) ||
      !keyval_get_choice (kv, "streaming-video", streams, 0, &stream, error))
    return false;
  if (keyval_get (kv, "image-compression"))
    o->image_compression = image_values[image];
  if (keyval_get (kv, "jpeg-wan-compression"))
    o->jpeg = wan_values[jpeg];
  if (keyval_get (kv, "zlib-glz-wan-compression"))
    o->zlib_glz = wan_values[zlib];
  if (keyval_get (kv, "streaming-video"))
    o->streaming = stream_values[stream];
  return true;
}

static bool
read_channels (Keyval *kv, const char *key, GPtrArray *to, GError **error)
{
  static const char *const names[] = { "main",   "display",  "inputs",  "cursor", "playback",
                                       "record", "usbredir", "default", NULL };
  g_autoptr (GPtrArray) given = keyval_get_all (kv, key);
  for (unsigned i = 0; i < given->len; i++) {
    if (!g_strv_contains (names, given->pdata[i])) {
      g_autofree char *known = g_strjoinv (", ", (char **)names);
      return BAD ("%s=%s: there is no such channel; known: %s", key, (const char *)given->pdata[i], known);
    }
    g_ptr_array_add (to, g_strdup (given->pdata[i]));
  }
  return true;
}

static bool
read_switches (SpiceOptions *o, Keyval *kv, GError **error)
{
  bool no_copy_paste, no_transfer, seamless, gl;
  if (!keyval_get_bool (kv, "disable-copy-paste", false, &no_copy_paste, error) ||
      !keyval_get_bool (kv, "disable-agent-file-xfer", false, &no_transfer, error) ||
      !keyval_get_bool (kv, "agent-mouse", true, &o->agent_mouse, error) ||
      !keyval_get_bool (kv, "playback-compression", true, &o->playback_compression, error) ||
      !keyval_get_bool (kv, "seamless-migration", false, &seamless, error) ||
      !keyval_get_bool (kv, "gl", false, &gl, error))
    return false;
  o->copy_paste = !no_copy_paste;
  o->file_transfer = !no_transfer;
  if (seamless)
    return BAD ("seamless-migration=on: machines are not moved between hosts while they run; leave it out");
  if (gl)
    return BAD ("gl=on: the guest's pictures are in memory, not in a graphics card; leave it out");
  if (!read_channels (kv, "tls-channel", o->secure, error) ||
      !read_channels (kv, "plaintext-channel", o->plain, error))
    return false;
  if (o->secure->len && o->tls_port < 0)
    return BAD ("tls-channel=%s needs tls-port=PORT", (const char *)o->secure->pdata[0]);
  return true;
}

static void
init (SpiceOptions *o)
{
  *o = (SpiceOptions){ .port = -1, .tls_port = -1 };
  o->secure = g_ptr_array_new_with_free_func (g_free);
  o->plain = g_ptr_array_new_with_free_func (g_free);
}

static bool
read_all (SpiceOptions *o, Keyval *kv, GError **error)
{
  return read_address (o, kv, error) && read_tls (o, kv, error) && read_password (o, kv, error) &&
         read_compression (o, kv, error) && read_switches (o, kv, error);
}

char *
spice_options_help (void)
{
  SpiceOptions o = { 0 };
  GString *out = g_string_new ("Settings of -spice:\n");
  g_autoptr (Keyval) kv = keyval_parse ("", NULL, NULL);
  init (&o);
  read_all (&o, kv, NULL);
  keyval_describe (kv, out);
  spice_options_clear (&o);
  return g_string_free (out, FALSE);
}

bool
spice_options_parse (SpiceOptions *o, const char *text, GError **error)
{
  init (o);
  g_autoptr (Keyval) kv = keyval_parse (text, NULL, error);
  return kv && read_all (o, kv, error) && keyval_finish (kv, "-spice", error) && check_places (o, error);
}

void
spice_options_clear (SpiceOptions *o)
{
  char *texts[] = { o->address, o->key_file,     o->cert_file, o->ca_file,
                    o->dh_file, o->key_password, o->ciphers,   o->password };
  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_clear_pointer (&o->secure, g_ptr_array_unref);
  g_clear_pointer (&o->plain, g_ptr_array_unref);
}
