/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The line being typed: Emacs's keys as everywhere, the arrows, a history, completion with Tab. */

#include "monitor-private.h"

#include <string.h>

#define PROMPT "(vitrine) "
enum { MAX_LINE = 4095, MAX_HISTORY = 64 };
#define CTRL(c) ((c) - '@')

struct HmpEditor {
  void (*write) (void *opaque, const char *text, size_t size);
  void (*line) (void *opaque, const char *line);
  void *opaque;
  GString *text;
  size_t cursor;  /* byte */
  char escape[8]; /* a sequence being received, from ESC on */
  unsigned n_escape;
  GPtrArray *history; /* char *, the oldest first */
  unsigned browsed;   /* index in it; its length: the new line */
  char *unsent;       /* the new line while others are looked at */
  bool skip_lf;       /* CR LF is one end of line */
};

HmpEditor *
hmp_editor_new (void (*write) (void *opaque, const char *text, size_t size),
                void (*line) (void *opaque, const char *line), void *opaque)
{
  HmpEditor *e = g_new0 (HmpEditor, 1);
  e->write = write;
  e->line = line;
  e->opaque = opaque;
  e->text = g_string_new (NULL);
  e->history = g_ptr_array_new_with_free_func (g_free);
  return e;
}

void
hmp_editor_free (HmpEditor *e)
{
  g_string_free (e->text, TRUE);
  g_ptr_array_unref (e->history);
  g_free (e->unsent);
  g_free (e);
}

void
hmp_editor_reset (HmpEditor *e)
{
  g_string_truncate (e->text, 0);
  e->cursor = 0;
  e->n_escape = 0;
  e->browsed = e->history->len;
}

static bool
continues (char c)
{
  return ((unsigned char)c & 0xc0) == 0x80;
}

/* How many columns the bytes from the cursor on take, one for each character. */
static unsigned
columns_after (const HmpEditor *e)
{
  unsigned n = 0;
  for (size_t i = e->cursor; i < e->text->len; i++)
    n += !continues (e->text->str[i]);
  return n;
}

void
hmp_editor_show (HmpEditor *e)
{
  g_autoptr (GString) out = g_string_new ("\r" PROMPT);
  g_string_append (out, e->text->str);
  g_string_append (out, "\x1b[K");
  const unsigned back = columns_after (e);
  if (back)
    g_string_append_printf (out, "\x1b[%uD", back);
  e->write (e->opaque, out->str, out->len);
}

static void
insert (HmpEditor *e, char c)
{
  if (e->text->len >= MAX_LINE)
    return;
  g_string_insert_c (e->text, (gssize)e->cursor++, c);
  if (e->cursor == e->text->len)
    e->write (e->opaque, &c, 1);
  else
    hmp_editor_show (e);
}

/* The cursor one character on or back. */
static size_t
step (const HmpEditor *e, int direction)
{
  size_t at = e->cursor;
  if (direction < 0 && at > 0)
    for (at--; at > 0 && continues (e->text->str[at]);)
      at--;
  if (direction > 0 && at < e->text->len)
    for (at++; at < e->text->len && continues (e->text->str[at]);)
      at++;
  return at;
}

static void
erase (HmpEditor *e, size_t from, size_t to)
{
  g_string_erase (e->text, (gssize)from, (gssize)(to - from));
  e->cursor = from;
  hmp_editor_show (e);
}

static void
move (HmpEditor *e, size_t to)
{
  e->cursor = to;
  hmp_editor_show (e);
}

static void
replace (HmpEditor *e, const char *text)
{
  g_string_assign (e->text, text);
  move (e, e->text->len);
}

static void
browse (HmpEditor *e, int direction)
{
  if (direction < 0 ? e->browsed == 0 : e->browsed >= e->history->len)
    return;
  if (e->browsed == e->history->len) {
    g_free (e->unsent);
    e->unsent = g_strdup (e->text->str);
  }
  e->browsed += (unsigned)direction;
  replace (e, e->browsed == e->history->len ? e->unsent : e->history->pdata[e->browsed]);
}

static void
remember (HmpEditor *e)
{
  GPtrArray *h = e->history;
  if (e->text->len && (h->len == 0 || strcmp (h->pdata[h->len - 1], e->text->str))) {
    if (h->len == MAX_HISTORY)
      g_ptr_array_remove_index (h, 0);
    g_ptr_array_add (h, g_strdup (e->text->str));
  }
}

static void
enter (HmpEditor *e)
{
  g_autofree char *line = g_strdup (e->text->str);
  remember (e);
  hmp_editor_reset (e);
  e->write (e->opaque, "\r\n", 2);
  e->line (e->opaque, line);
  hmp_editor_show (e);
}

static size_t
word_start (const HmpEditor *e)
{
  size_t at = e->cursor;
  while (at > 0 && e->text->str[at - 1] == ' ')
    at--;
  while (at > 0 && e->text->str[at - 1] != ' ')
    at--;
  return at;
}

/* Adds what all candidates have in common; shows them when that is nothing. */
static void
complete (HmpEditor *e)
{
  g_autofree char *before = g_strndup (e->text->str, e->cursor);
  g_autoptr (GPtrArray) words = hmp_complete (before);
  const char *blank = strrchr (before, ' ');
  const size_t have = strlen (blank ? blank + 1 : before);
  if (words->len == 0)
    return;
  size_t common = strlen (words->pdata[0]);
  for (unsigned i = 1; i < words->len; i++)
    for (size_t n = 0; n < common; n++)
      if (((const char *)words->pdata[i])[n] != ((const char *)words->pdata[0])[n])
        common = n;
  for (size_t n = have; n < common; n++)
    insert (e, ((const char *)words->pdata[0])[n]);
  if (words->len == 1) {
    insert (e, ' ');
  } else if (common == have) {
    g_ptr_array_add (words, NULL);
    g_autofree char *list = g_strjoinv ("  ", (char **)words->pdata);
    e->write (e->opaque, "\r\n", 2);
    e->write (e->opaque, list, strlen (list));
    e->write (e->opaque, "\r\n", 2);
    hmp_editor_show (e);
  }
}

/* What follows ESC: [A and OA and the like. */
static void
escape (HmpEditor *e, char c)
{
  if (e->n_escape < sizeof e->escape)
    e->escape[e->n_escape] = c;
  e->n_escape++;
  if (e->n_escape == 2 && (c == '[' || c == 'O'))
    return;
  if (e->n_escape > 2 && (g_ascii_isdigit (c) || c == ';') && e->n_escape < 16)
    return;
  const char digit = e->n_escape == 4 ? e->escape[2] : 0;
  e->n_escape = 0;
  switch (c) {
    case 'A': browse (e, -1); break;
    case 'B': browse (e, 1); break;
    case 'C': move (e, step (e, 1)); break;
    case 'D': move (e, step (e, -1)); break;
    case 'H': move (e, 0); break;
    case 'F': move (e, e->text->len); break;
    case '~':
      if (digit == '1' || digit == '7')
        move (e, 0);
      else if (digit == '4' || digit == '8')
        move (e, e->text->len);
      else if (digit == '3')
        erase (e, e->cursor, step (e, 1));
      break;
    default: break;
  }
}

static void
control (HmpEditor *e, char c)
{
  switch (c) {
    case CTRL ('A'): move (e, 0); break;
    case CTRL ('B'): move (e, step (e, -1)); break;
    case CTRL ('C'):
      hmp_editor_reset (e);
      e->write (e->opaque, "^C\r\n", 4);
      hmp_editor_show (e);
      break;
    case CTRL ('D'): erase (e, e->cursor, step (e, 1)); break;
    case CTRL ('E'): move (e, e->text->len); break;
    case CTRL ('F'): move (e, step (e, 1)); break;
    case CTRL ('H'):
    case 0x7f: erase (e, step (e, -1), e->cursor); break;
    case CTRL ('I'): complete (e); break;
    case CTRL ('K'): erase (e, e->cursor, e->text->len); break;
    case CTRL ('L'):
      e->write (e->opaque, "\x1b[H\x1b[2J", 7);
      hmp_editor_show (e);
      break;
    case CTRL ('J'):
    case CTRL ('M'): enter (e); break;
    case CTRL ('N'): browse (e, 1); break;
    case CTRL ('P'): browse (e, -1); break;
    case CTRL ('U'): erase (e, 0, e->cursor); break;
    case CTRL ('W'): erase (e, word_start (e), e->cursor); break;
    case CTRL ('['): e->escape[0] = c, e->n_escape = 1; break;
    default: break;
  }
}

void
hmp_editor_feed (HmpEditor *e, const uint8_t *data, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    const char c = (char)data[i];
    const bool second_half = e->skip_lf && c == '\n';
    e->skip_lf = c == '\r';
    if (second_half)
      continue;
    if (e->n_escape)
      escape (e, c);
    else if ((unsigned char)c < 0x20 || c == 0x7f)
      control (e, c);
    else
      insert (e, c);
  }
}
