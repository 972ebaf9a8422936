/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A register machine for a dynamically typed language: tagged values, tables with hash parts, and closures
 * called through the table. Its program counts prime factors and keeps the counts in a table. */

#include "../bench.h"

typedef enum { TAG_NIL, TAG_NUMBER, TAG_TABLE, TAG_FUNCTION } Tag;

typedef struct Table Table;

typedef struct {
  Tag tag;
  union {
    double number;
    Table *table;
    int function;
  };
} Value;

typedef struct {
  Value key, value;
} Slot;

struct Table {
  Slot *slot;
  unsigned size, used;
};

typedef enum { MOVE, NUMBER, ADD, SUB, DIV, FLOOR, GET, SET, LESS, EQUAL, IF, JUMP, CALL, RETURN } Opcode;

/* a, b and c name registers; `number` is a constant or a jump target. */
typedef struct {
  uint8_t op, a, b, c;
  int32_t number;
} Code;

static unsigned
hash_number (double number)
{
  uint64_t bits;

  memcpy (&bits, &number, sizeof bits);
  bits *= UINT64_C (0x9e3779b97f4a7c15);
  return (unsigned)(bits >> 40);
}

static Slot *
find (const Table *t, Value key)
{
  for (unsigned i = hash_number (key.number) & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
    Slot *slot = &t->slot[i];
    if (slot->key.tag == TAG_NIL || (slot->key.tag == key.tag && slot->key.number == key.number))
      return slot;
  }
}

static void
set (Table *t, Value key, Value value)
{
  if ((t->used + 1) * 4 > t->size * 3) {
    Table old = *t;
    t->size *= 2;
    t->slot = bench_alloc (t->size, sizeof (Slot));
    for (unsigned i = 0; i < old.size; i++)
      if (old.slot[i].key.tag != TAG_NIL)
        *find (t, old.slot[i].key) = old.slot[i];
    free (old.slot);
  }
  Slot *slot = find (t, key);
  if (slot->key.tag == TAG_NIL) {
    slot->key = key;
    t->used++;
  }
  slot->value = value;
}

static Value
number (double n)
{
  return (Value){ TAG_NUMBER, { .number = n } };
}

/* factors (n in 1): how many prime factors, in 2. */
/* clang-format off */
static const Code factors[] = {
  { NUMBER, 2, 0, 0, 0 },  { NUMBER, 3, 0, 0, 2 }, { NUMBER, 4, 0, 0, 1 }, /* count = 0, d = 2 */
  { LESS, 5, 4, 1, 0 },    { IF, 0, 5, 0, 14 },                           /* 3: while 1 < n */
  { DIV, 6, 1, 3, 0 },     { FLOOR, 7, 6, 0, 0 },  { EQUAL, 5, 6, 7, 0 }, /* 5: q = n / d */
  { IF, 0, 5, 0, 12 },     { MOVE, 1, 6, 0, 0 },   { ADD, 2, 2, 4, 0 },   /* if whole: n = q, count++ */
  { JUMP, 0, 0, 0, 3 },    { ADD, 3, 3, 4, 0 },    { JUMP, 0, 0, 0, 3 },  /* 12: else d++ */
  { RETURN, 2, 0, 0, 0 },
};
/* clang-format on */

/* main (table in 1, limit in 2): table[count] += 1 for each number; the function is table[-1]. */
/* clang-format off */
static const Code program[] = {
  { NUMBER, 3, 0, 0, 2 },  { NUMBER, 4, 0, 0, 1 }, { NUMBER, 5, 0, 0, -1 },
  { LESS, 6, 3, 2, 0 },    { IF, 0, 6, 0, 12 },
  { GET, 7, 1, 5, 0 },     { CALL, 8, 7, 3, 0 },   { GET, 9, 1, 8, 0 },
  { ADD, 9, 9, 4, 0 },     { SET, 1, 8, 9, 0 },    { ADD, 3, 3, 4, 0 },
  { JUMP, 0, 0, 0, 3 },    { RETURN, 1, 0, 0, 0 },
};
/* clang-format on */

static const Code *const functions[] = { program, factors };

static Value
get (const Table *t, Value key)
{
  Value value = find (t, key)->value;

  return value.tag == TAG_NIL ? number (0) : value;
}

static Value
run (const Code *code, Value first, Value second)
{
  Value r[16] = { [1] = first, [2] = second };

  for (const Code *in = code;; in++)
    switch ((Opcode)in->op) {
      case MOVE: r[in->a] = r[in->b]; break;
      case NUMBER: r[in->a] = number (in->number); break;
      case ADD: r[in->a] = number (r[in->b].number + r[in->c].number); break;
      case SUB: r[in->a] = number (r[in->b].number - r[in->c].number); break;
      case DIV: r[in->a] = number (r[in->b].number / r[in->c].number); break;
      case FLOOR: r[in->a] = number ((double)(int64_t)r[in->b].number); break;
      case GET: r[in->a] = get (r[in->b].table, r[in->c]); break;
      case SET: set (r[in->a].table, r[in->b], r[in->c]); break;
      case LESS: r[in->a] = number (r[in->b].number < r[in->c].number); break;
      case EQUAL: r[in->a] = number (r[in->b].number == r[in->c].number); break;
      case IF:
        if (r[in->b].number == 0)
          in = code + in->number - 1;
        break;
      case JUMP: in = code + in->number - 1; break;
      case CALL: r[in->a] = run (functions[r[in->b].function], r[in->c], number (0)); break;
      case RETURN: return r[in->a];
    }
}

/* A table of many keys, written and read by the same functions. */
static double
fill_table (Table *t, unsigned n)
{
  double sum = 0;

  for (unsigned i = 0; i < n; i++)
    set (t, number (i * 3.5), number (i));
  for (unsigned i = 0; i < 4 * n; i++)
    sum += get (t, number (i)).number;
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 40);
  double sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    Table table = { bench_alloc (16, sizeof (Slot)), 16, 0 };
    Value self = { TAG_TABLE, { .table = &table } };
    set (&table, number (-1), (Value){ TAG_FUNCTION, { .function = 1 } });
    run (program, self, number (2500));
    for (unsigned j = 1; j < 12; j++)
      sum += j * get (&table, number (j)).number;
    sum += fill_table (&table, 20000 + i);
    free (table.slot);
  }
  printf ("tablevm %.17g\n", sum);
  return 0;
}
