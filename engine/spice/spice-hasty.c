/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Clients that leave too early.
 *
 * libspice-server (0.15.2, dcc_start) waits for a display client's first message, SPICE_MSGC_DISPLAY_INIT, in
 * a loop that goes on to use the client after its connection has failed, even just after that message, by
 * when it has been freed: a viewer that closes at that moment ends the machine.  There is no way to be asked
 * or told in between, so the library's read(), which the dynamic linker takes from here, sees to it that the
 * connection of a display channel fails only after that message: if it fails earlier, the message is made up.
 */

#include "spice-private.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* The C library's own read(). */
ssize_t __read (int fd, void *buf, size_t n);

#define MAX_FDS 4096

/* SPICE protocol: the link header is four words, the first "REDQ"; in the message after it, the fifth byte
 * says which channel is wanted. */
enum { LINK_TYPE_AT = 16 + 4, CHANNEL_DISPLAY = 2, DISPLAY_INIT = 101, HEADER = 6 };

/* DONE: the message has come; the loop, which reads as long as there is something, is told that there is
 * nothing. */
typedef enum { NOT_DISPLAY, LINKING, EARLY, FAILED, DONE } Phase;

typedef struct {
  uint8_t phase;
  uint8_t have; /* EARLY: bytes of the header of the current message */
  uint8_t header[HEADER];
  uint32_t position; /* LINKING: in the stream; EARLY: bytes of the message's body still to come; FAILED:
                        given out */
} Channel;

/* A channel is linked by one thread and then served by another, never by two at once. */
static Channel channels[MAX_FDS];

/* Type, size, and a body that asks for caches of size 0, with ids that no other client has. */
static const uint8_t made_up[HEADER + 14] = {
  DISPLAY_INIT, 0, 14, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xff
};

static bool
is_worker (void)
{
  static __thread bool known; /* Only if it is: a thread gets its name after it has begun. */
  if (!known) {
    char name[16] = "";
    pthread_getname_np (pthread_self (), name, sizeof name);
    known = strcmp (name, "SPICE Worker") == 0;
  }
  return known;
}

/* Bytes that arrived while the channel is being linked. */
static void
note_link (Channel *c, const uint8_t *p, size_t n)
{
  if (n >= 4 && memcmp (p, "REDQ", 4) == 0) {
    c->phase = LINKING;
    c->position = 0;
  }
  if (c->phase != LINKING)
    return;
  if (c->position <= LINK_TYPE_AT && c->position + n > LINK_TYPE_AT) {
    c->have = 0;
    c->phase = p[LINK_TYPE_AT - c->position] == CHANNEL_DISPLAY ? EARLY : NOT_DISPLAY;
    c->position = 0;
    return;
  }
  c->position += (uint32_t)n;
}

/* Bytes of messages; after DISPLAY_INIT the channel is on its own. */
static void
note_messages (Channel *c, const uint8_t *p, size_t n)
{
  while (n > 0 && c->phase == EARLY) {
    if (c->have < HEADER) {
      c->header[c->have++] = *p++;
      n--;
      if (c->have < HEADER)
        continue;
      memcpy (&c->position, c->header + 2, 4);
    }
    size_t body = MIN (n, c->position);
    p += body;
    n -= body;
    c->position -= (uint32_t)body;
    if (c->position != 0)
      return;
    c->have = 0;
    if ((c->header[0] | c->header[1] << 8) == DISPLAY_INIT)
      c->phase = DONE;
  }
}

static ssize_t
read_made_up (Channel *c, uint8_t *buf, size_t n)
{
  if (c->phase == EARLY && c->have != 0) {
    errno = EAGAIN; /* In the middle of a message: the loop gives up by itself in time, and does so safely. */
    return -1;
  }
  if (c->phase == EARLY) {
    c->phase = FAILED;
    c->position = 0;
  }
  n = MIN (n, sizeof made_up - c->position);
  memcpy (buf, made_up + c->position, n);
  c->position += (uint32_t)n;
  if (c->position == sizeof made_up)
    c->phase = DONE;
  return (ssize_t)n;
}

static bool
has_failed (ssize_t result)
{
  return result == 0 || (result < 0 && (errno == ECONNRESET || errno == EPIPE));
}

ssize_t
read (int fd, void *buf, size_t n)
{
  Channel *c = fd >= 0 && fd < MAX_FDS ? &channels[fd] : NULL;
  bool serving = c != NULL && c->phase >= EARLY && is_worker ();

  if (serving && c->phase == FAILED)
    return read_made_up (c, buf, n);
  if (serving && c->phase == DONE) {
    c->phase = NOT_DISPLAY;
    errno = EAGAIN;
    return -1;
  }
  ssize_t result = __read (fd, buf, n);
  if (serving && n > 0 && has_failed (result))
    return read_made_up (c, buf, n);
  if (result > 0 && serving)
    note_messages (c, buf, (size_t)result);
  else if (result > 0 && c != NULL && (c->phase == LINKING || *(const uint8_t *)buf == 'R') && !is_worker ())
    note_link (c, buf, (size_t)result);
  return result;
}

void
spice_outlast_hasty_clients (void)
{
  memset (channels, 0, sizeof channels);
}
