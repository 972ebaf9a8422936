/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the kinds of character back ends share: a struct that each one's own begins with, and I/O on
 * descriptors. */

#include "chardev.h"

#include "keyval.h"

enum { CHARDEV_PENDING = 64 * 1024, CHARDEV_PENDING_HARD = 128 * 1024 };

typedef struct {
  const char *name; /* as -chardev knows it */
  size_t size;
  /* Looks up its keys in `kv`; others are refused afterwards. */
  bool (*open) (Chardev *chr, Keyval *kv, GError **error);
  void (*close) (Chardev *chr); /* also after a failed open; may be NULL */
  /* Any thread. NULL: to out_fd, through the buffer. */
  void (*write) (Chardev *chr, const uint8_t *data, size_t size);
  /* The other end is gone: end of file, or an error. Main thread; NULL: nothing but the end of input. */
  void (*hangup) (Chardev *chr);
  /* Room or attention has come back. Main thread; NULL: reads in_fd on. */
  void (*resume) (Chardev *chr);
  bool (*writable) (Chardev *chr);
  void (*notify_writable) (Chardev *chr, void (*ready) (void *opaque), void *opaque);
  bool (*attach) (Chardev *chr, const ChardevFrontend *frontend, void *opaque, GError **error);
  void (*detach) (Chardev *chr, void *opaque); /* NULL: all */
  /* The device's side is in use, or no longer: chardev_set_frontend_open(). Main thread; may be NULL. */
  void (*frontend_open) (Chardev *chr, bool open);
} ChardevKind;

/* Makes a kind known that another room has. It stays. */
void chardev_add_kind (const ChardevKind *kind);

extern const ChardevKind chardev_null, chardev_ringbuf, chardev_vc, chardev_file, chardev_pipe,
    chardev_serial, chardev_stdio, chardev_pty, chardev_socket, chardev_mux, chardev_hub;

/* What the main thread is to do for a back end. */
enum {
  CHARDEV_DO_HANGUP = 1,
  CHARDEV_DO_RESUME = 2,
  CHARDEV_DO_READY = 4,
  CHARDEV_DO_EVENT = 8,
  CHARDEV_DO_OPEN = 16
};

struct Chardev {
  const ChardevKind *kind;
  unsigned refs;
  char *id, *text;
  bool attached, connected;
  ChardevFrontend frontend;
  void *opaque;
  int in_fd; /* -1: none; main thread */
  GSource *in_source;
  gint paused; /* atomic: nothing is read until chardev_accept_input() */
  GArray *fds; /* int: that the peer has passed and nobody has taken; main thread */

  GMutex lock; /* guards the rest, which any thread may use */
  int out_fd;  /* -1: what is written is dropped */
  int log_fd;  /* a copy of all output, or -1 */
  bool out_is_socket;
  bool out_polls; /* out_fd may block: it is asked before each write */
  GByteArray *pending;
  GSource *out_source;
  GSList *waiting; /* Waiting: who wants to know of room */
  unsigned todo;   /* CHARDEV_DO_* */
  bool frontend_open;
  GSource *idle;
};

Chardev *chardev_alloc (const ChardevKind *kind);
void chardev_register (Chardev *chr);
void chardev_hide (Chardev *chr); /* reached through a mux only */
/* Has the main thread do it soon. With the lock held. */
void chardev_kick (Chardev *chr, unsigned todo);

/* Descriptors are owned by the kind; -1 takes them away (pending output is dropped). Main thread. */
void chardev_set_fds (Chardev *chr, int in_fd, int out_fd);
void chardev_set_connected (Chardev *chr, bool connected);
/* Bytes the device takes; 0, and paused, when none. Main thread. */
size_t chardev_room (Chardev *chr);
/* Closes the descriptors that the peer has passed and nobody has taken. */
void chardev_close_fds (Chardev *chr);
void chardev_fd_write (Chardev *chr, const uint8_t *data, size_t size);
void chardev_waiting_add (Chardev *chr, void (*ready) (void *opaque), void *opaque);
void chardev_waiting_remove (Chardev *chr, void *opaque); /* NULL: all */

/* Raw mode for the terminal `fd`; with `signals`, Ctrl-C, Ctrl-Z and Ctrl-\ keep their meaning. */
bool chardev_terminal_raw (int fd, bool signals, GError **error);
