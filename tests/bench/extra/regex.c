/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A backtracking matcher for regular expressions (classes, groups of alternatives, * + ?) over generated log
 * lines. */

#include "../bench.h"

typedef enum { NODE_CHAR, NODE_ANY, NODE_CLASS, NODE_SPLIT, NODE_JUMP, NODE_MATCH } Kind;

typedef struct {
  Kind kind;
  unsigned char c;
  uint32_t set[8];
  int x, y; /* of a split: first choice, second choice; of a jump: target */
} Node;

typedef struct {
  Node node[128];
  int size;
  const char *at;
} Program;

static int
emit (Program *p, Node node)
{
  p->node[p->size] = node;
  return p->size++;
}

static void
open_gap (Program *p, int at)
{
  memmove (&p->node[at + 1], &p->node[at], (size_t)(p->size - at) * sizeof (Node));
  p->size++;
  for (int i = at + 1; i < p->size; i++)
    if (p->node[i].kind == NODE_SPLIT || p->node[i].kind == NODE_JUMP) {
      p->node[i].x += p->node[i].x >= at;
      p->node[i].y += p->node[i].y >= at;
    }
}

static void
parse_class (Program *p)
{
  Node node = { .kind = NODE_CLASS };
  bool invert = *p->at == '^';

  for (p->at += invert; *p->at != ']'; p->at++) {
    unsigned low = (unsigned char)*p->at, high = low;
    if (p->at[1] == '-' && p->at[2] != ']') {
      high = (unsigned char)p->at[2];
      p->at += 2;
    }
    for (unsigned c = low; c <= high; c++)
      node.set[c / 32] |= UINT32_C (1) << c % 32;
  }
  p->at++;
  for (int i = 0; invert && i < 8; i++)
    node.set[i] = ~node.set[i];
  emit (p, node);
}

static void parse_alternatives (Program *p);

static void
parse_piece (Program *p)
{
  int start = p->size;
  char c = *p->at++;

  switch (c) {
    case '.': emit (p, (Node){ .kind = NODE_ANY }); break;
    case '[': parse_class (p); break;
    case '(':
      parse_alternatives (p);
      p->at++;
      break;
    default: emit (p, (Node){ .kind = NODE_CHAR, .c = (unsigned char)c }); break;
  }
  switch (*p->at) {
    case '*':
      open_gap (p, start);
      emit (p, (Node){ .kind = NODE_JUMP, .x = start });
      p->node[start] = (Node){ .kind = NODE_SPLIT, .x = start + 1, .y = p->size };
      break;
    case '+': emit (p, (Node){ .kind = NODE_SPLIT, .x = start, .y = p->size + 1 }); break;
    case '?':
      open_gap (p, start);
      p->node[start] = (Node){ .kind = NODE_SPLIT, .x = start + 1, .y = p->size };
      break;
    default: return;
  }
  p->at++;
}

static void
parse_alternatives (Program *p)
{
  int start = p->size;

  while (*p->at != '\0' && *p->at != ')' && *p->at != '|')
    parse_piece (p);
  if (*p->at != '|')
    return;
  p->at++;
  open_gap (p, start);
  int jump = emit (p, (Node){ .kind = NODE_JUMP });
  p->node[start] = (Node){ .kind = NODE_SPLIT, .x = start + 1, .y = p->size };
  parse_alternatives (p);
  p->node[jump].x = p->size;
}

static const char *
match (const Node *node, int pc, const char *text)
{
  for (;; pc++) {
    const Node *n = &node[pc];
    unsigned char c = (unsigned char)*text;
    switch (n->kind) {
      case NODE_CHAR:
        if (c != n->c)
          return NULL;
        text++;
        break;
      case NODE_ANY:
        if (c == '\0')
          return NULL;
        text++;
        break;
      case NODE_CLASS:
        if (c == '\0' || (n->set[c / 32] >> c % 32 & 1) == 0)
          return NULL;
        text++;
        break;
      case NODE_SPLIT: {
        const char *end = match (node, n->x, text);
        if (end != NULL)
          return end;
        pc = n->y - 1;
        break;
      }
      case NODE_JUMP: pc = n->x - 1; break;
      case NODE_MATCH: return text;
    }
  }
}

static uint64_t
search (const Program *p, const char *text, uint64_t sum)
{
  for (const char *at = text; *at != '\0'; at++) {
    const char *end = match (p->node, 0, at);
    if (end != NULL && end > at) {
      sum = bench_mix (sum, (uint64_t)(at - text) << 16 | (uint64_t)(end - at));
      at = end - 1;
    }
  }
  return sum;
}

int
main (int argc, char **argv)
{
  static const char *const pattern[] = {
    "[a-z]+@[a-z]+(.org|.net)",
    "(GET|POST|PUT) /[^ ]*",
    "[0-9]+.[0-9]+.[0-9]+.[0-9]+",
    "e(r+|s?)o?r.*code=[1-5]00",
  };
  static const char *const verb[] = { "GET", "POST", "DELETE", "PUT" };
  static Program program[4];
  unsigned rounds = bench_work (argc, argv, 150000);
  uint32_t seed = 404;
  uint64_t sum = 0;

  for (int i = 0; i < 4; i++) {
    program[i].at = pattern[i];
    parse_alternatives (&program[i]);
    emit (&program[i], (Node){ .kind = NODE_MATCH });
  }
  for (unsigned i = 0; i < rounds; i++) {
    char line[160];
    uint32_t r = bench_random (&seed);
    snprintf (line, sizeof line, "%u.%u.%u.%u %s /window/%x?q=%u %s code=%u user%s@glass.%s", r & 255,
              r >> 8 & 255, r >> 16 & 255, r >> 24, verb[r & 3], r, r % 77, r & 4 ? "error" : "fine",
              r % 6 * 100, r & 8 ? "a" : "bc", r & 16 ? "org" : "com");
    for (int j = 0; j < 4; j++)
      sum = search (&program[j], line, sum);
  }
  bench_result ("regex", sum);
  return 0;
}
