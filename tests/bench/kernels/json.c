/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A JSON parser that builds a tree, and a writer that turns it back into text. */

#include "../bench.h"

typedef enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } Kind;

typedef struct Value Value;

/* Members of an array or object form a list; a member of an object has a key. */
struct Value {
  Kind kind;
  char *key;
  Value *next, *first;
  union {
    double number;
    char *text;
  };
};

typedef struct {
  const char *at;
  bool failed;
} Parser;

typedef struct {
  char *text;
  size_t size, capacity;
} Buffer;

static Value *parse_value (Parser *p);

static void
skip_space (Parser *p)
{
  while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')
    p->at++;
}

static bool
accept (Parser *p, char c)
{
  skip_space (p);
  if (*p->at != c)
    return false;
  p->at++;
  return true;
}

/* Behind the opening quote. Unicode escapes below 128 are enough for what the generator writes. */
static char *
parse_string (Parser *p)
{
  const char *end = p->at;
  while (*end != '"' && *end != '\0')
    end += *end == '\\' && end[1] != '\0' ? 2 : 1;
  char *text = bench_alloc ((size_t)(end - p->at) + 1, 1), *out = text;

  while (p->at < end) {
    char c = *p->at++;
    if (c == '\\') {
      c = *p->at++;
      switch (c) {
        case 'n': c = '\n'; break;
        case 't': c = '\t'; break;
        case 'u':
          c = (char)strtoul ((char[]){ p->at[2], p->at[3], 0 }, NULL, 16);
          p->at += 4;
          break;
      }
    }
    *out++ = c;
  }
  p->failed |= *end != '"';
  p->at = end + (*end == '"');
  return text;
}

static void
parse_members (Parser *p, Value *parent, char close, bool keyed)
{
  Value **link = &parent->first;

  if (accept (p, close))
    return;
  do {
    char *key = NULL;
    if (keyed) {
      p->failed |= !accept (p, '"');
      key = parse_string (p);
      p->failed |= !accept (p, ':');
    }
    *link = parse_value (p);
    (*link)->key = key;
    link = &(*link)->next;
  } while (!p->failed && accept (p, ','));
  p->failed |= !accept (p, close);
}

static bool
accept_word (Parser *p, const char *word)
{
  size_t length = strlen (word);

  if (strncmp (p->at, word, length) != 0)
    return false;
  p->at += length;
  return true;
}

static Value *
parse_value (Parser *p)
{
  Value *v = bench_alloc (1, sizeof *v);

  if (accept (p, '{')) {
    v->kind = JSON_OBJECT;
    parse_members (p, v, '}', true);
  } else if (accept (p, '[')) {
    v->kind = JSON_ARRAY;
    parse_members (p, v, ']', false);
  } else if (accept (p, '"')) {
    v->kind = JSON_STRING;
    v->text = parse_string (p);
  } else if (accept_word (p, "null")) {
    v->kind = JSON_NULL;
  } else if (accept_word (p, "true")) {
    v->kind = JSON_TRUE;
  } else if (accept_word (p, "false")) {
    v->kind = JSON_FALSE;
  } else {
    char *end;
    v->kind = JSON_NUMBER;
    v->number = strtod (p->at, &end);
    p->failed |= end == p->at;
    p->at = end;
  }
  return v;
}

static void
put (Buffer *b, const char *text, size_t size)
{
  if (b->size + size >= b->capacity) {
    b->capacity = 2 * b->capacity + size + 64;
    b->text = realloc (b->text, b->capacity);
    if (b->text == NULL)
      exit (1);
  }
  memcpy (b->text + b->size, text, size);
  b->size += size;
  b->text[b->size] = '\0';
}

static void
put_string (Buffer *b, const char *text)
{
  put (b, "\"", 1);
  for (; *text != '\0'; text++)
    switch (*text) {
      case '\n': put (b, "\\n", 2); break;
      case '\t': put (b, "\\u0009", 6); break;
      case '"': put (b, "\\\"", 2); break;
      case '\\': put (b, "\\\\", 2); break;
      default: put (b, text, 1); break;
    }
  put (b, "\"", 1);
}

static void
put_value (Buffer *b, const Value *v)
{
  static const char *const word[] = { "null", "false", "true" };
  char number[32];

  switch (v->kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: put (b, word[v->kind], strlen (word[v->kind])); break;
    case JSON_NUMBER: put (b, number, (size_t)snprintf (number, sizeof number, "%.10g", v->number)); break;
    case JSON_STRING: put_string (b, v->text); break;
    case JSON_ARRAY:
    case JSON_OBJECT:
      put (b, v->kind == JSON_ARRAY ? "[" : "{", 1);
      for (const Value *member = v->first; member != NULL; member = member->next) {
        if (member->key != NULL) {
          put_string (b, member->key);
          put (b, ": ", 2);
        }
        put_value (b, member);
        if (member->next != NULL)
          put (b, ", ", 2);
      }
      put (b, v->kind == JSON_ARRAY ? "]" : "}", 1);
      break;
  }
}

static void
free_value (Value *v)
{
  while (v != NULL) {
    Value *next = v->next;
    free_value (v->first);
    if (v->kind == JSON_STRING)
      free (v->text);
    free (v->key);
    free (v);
    v = next;
  }
}

static void
make_document (Buffer *b, uint32_t *seed)
{
  static const char *const name[] = { "rose", "lancet", "oculus \\\"b\\\"", "tracery\\n", "mullion\\u0009x" };
  char line[200];

  put (b, "[", 1);
  for (int i = 0; i < 300; i++) {
    uint32_t r = bench_random (seed);
    int length = snprintf (
        line, sizeof line,
        "%s\n  {\"id\": %d, \"name\": \"%s\", \"size\": [%u.%03u, -%u, %ue-3], \"open\": %s, \"note\": null}",
        i ? "," : "", i, name[r % 5], r >> 20, r % 1000, r >> 8 & 0xfff, r & 0xffff,
        r & 16 ? "true" : "false");
    put (b, line, (size_t)length);
  }
  put (b, "]", 1);
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 700);
  Buffer document = { 0 }, out = { 0 };
  uint32_t seed = 77;
  uint64_t sum = 0;

  make_document (&document, &seed);
  for (unsigned i = 0; i < rounds; i++) {
    Parser parser = { .at = i % 2 == 0 || out.text == NULL ? document.text : out.text };
    Value *root = parse_value (&parser);
    if (parser.failed || *parser.at != '\0')
      return 1;
    out.size = 0;
    Buffer fresh = { 0 };
    put_value (&fresh, root);
    free (out.text);
    out = fresh;
    for (size_t j = 0; j < out.size; j += 13)
      sum = bench_mix (sum, (unsigned char)out.text[j]);
    free_value (root);
  }
  bench_result ("json", bench_mix (sum, out.size));
  free (out.text);
  free (document.text);
  return 0;
}
