/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor-private.h"

enum { MAX_SIZE = 64 * 1024 * 1024, MAX_DEPTH = 1024 };

struct QmpSplitter {
  void (*value) (void *opaque, const char *text, size_t size, const char *problem);
  void *opaque;
  GString *text;
  unsigned depth; /* open brackets; 0: between values */
  bool in_string, escaped;
  bool skips; /* after a problem: until something that looks like a beginning */
};

QmpSplitter *
qmp_splitter_new (void (*value) (void *opaque, const char *text, size_t size, const char *problem),
                  void *opaque)
{
  QmpSplitter *s = g_new0 (QmpSplitter, 1);
  s->value = value;
  s->opaque = opaque;
  s->text = g_string_new (NULL);
  return s;
}

void
qmp_splitter_free (QmpSplitter *s)
{
  g_string_free (s->text, TRUE);
  g_free (s);
}

void
qmp_splitter_reset (QmpSplitter *s)
{
  /* One large value must not keep its memory for ever. */
  if (s->text->allocated_len > 1 << 20) {
    g_string_free (s->text, TRUE);
    s->text = g_string_new (NULL);
  }
  g_string_truncate (s->text, 0);
  s->depth = 0;
  s->in_string = s->escaped = s->skips = false;
}

static void
give_up (QmpSplitter *s, const char *problem)
{
  qmp_splitter_reset (s);
  s->skips = true;
  s->value (s->opaque, NULL, 0, problem);
}

static void
between (QmpSplitter *s, char c)
{
  if (c == '{' || c == '[') {
    s->skips = false;
    s->depth = 1;
    g_string_append_c (s->text, c);
  } else if (c == '\n') {
    s->skips = false;
  } else if (!s->skips && !g_ascii_isspace (c)) {
    give_up (s, "an object is expected");
  }
}

static void
within (QmpSplitter *s, char c)
{
  if (s->text->len == MAX_SIZE) {
    give_up (s, "the value is larger than 64 MiB");
    return;
  }
  g_string_append_c (s->text, c);
  if (s->in_string) {
    if ((unsigned char)c < 0x20)
      give_up (s, "a string has a control character; write it as an escape");
    else if (s->escaped)
      s->escaped = false;
    else if (c == '\\')
      s->escaped = true;
    else if (c == '"')
      s->in_string = false;
  } else if (c == '"') {
    s->in_string = true;
  } else if (c == '{' || c == '[') {
    if (s->depth++ == MAX_DEPTH)
      give_up (s, "the value is nested deeper than 1024");
  } else if ((c == '}' || c == ']') && --s->depth == 0) {
    g_autoptr (GString) whole = g_steal_pointer (&s->text);
    s->text = g_string_new (NULL);
    s->value (s->opaque, whole->str, whole->len, NULL);
  }
}

void
qmp_splitter_feed (QmpSplitter *s, const uint8_t *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    (s->depth ? within : between) (s, (char)data[i]);
}
