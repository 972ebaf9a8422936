/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Bookkeeping over structures: copies by value, enumerations, bit fields, short strings, and calls across a
 * small set of routines, as business and systems programs have them. */

#include "../bench.h"

typedef enum { STATE_NEW, STATE_OPEN, STATE_PAID, STATE_LATE, STATE_CLOSED, STATES } State;

typedef struct {
  unsigned day : 5, month : 4, year : 12;
  bool holiday : 1;
} Date;

typedef struct {
  char code[12];
  int16_t quantity;
  uint8_t discount;
  int32_t price;
} Item;

typedef struct {
  uint32_t id;
  State state;
  Date due;
  Item item[6];
  uint8_t items;
  char customer[24];
  int64_t total;
} Invoice;

static __attribute__ ((noinline)) Date
next_day (Date d)
{
  static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  unsigned last = length[d.month - 1] + (d.month == 2 && d.year % 4 == 0);

  if (++d.day > last) {
    d.day = 1;
    if (++d.month > 12) {
      d.month = 1;
      d.year++;
    }
  }
  d.holiday = d.day == 1 || (d.month == 12 && d.day == 25);
  return d;
}

static __attribute__ ((noinline)) int
compare_dates (const Date *a, const Date *b)
{
  if (a->year != b->year)
    return a->year < b->year ? -1 : 1;
  if (a->month != b->month)
    return a->month < b->month ? -1 : 1;
  return (a->day > b->day) - (a->day < b->day);
}

static __attribute__ ((noinline)) int64_t
total_of (const Invoice *v)
{
  int64_t sum = 0;

  for (int i = 0; i < v->items; i++) {
    const Item *item = &v->item[i];
    int64_t line = (int64_t)item->price * item->quantity;
    sum += line - line * item->discount / 100;
  }
  return sum;
}

static __attribute__ ((noinline)) State
step (Invoice *v, const Date *today)
{
  switch (v->state) {
    case STATE_NEW: v->total = total_of (v); return v->total > 0 ? STATE_OPEN : STATE_CLOSED;
    case STATE_OPEN:
      if (compare_dates (today, &v->due) > 0)
        return STATE_LATE;
      return (v->id ^ today->day) % 13 == 0 ? STATE_PAID : STATE_OPEN;
    case STATE_LATE:
      v->total += v->total / 50;
      return v->total % 7 == 0 || today->holiday ? STATE_PAID : STATE_LATE;
    case STATE_PAID: return STATE_CLOSED;
    default: return STATE_NEW;
  }
}

static __attribute__ ((noinline)) Invoice
make_invoice (uint32_t id, Date due, uint32_t *seed)
{
  static const char *const names[] = { "Abbey Works", "Saint-Denis Glaziers", "Lead & Light", "Oculus" };
  Invoice v = { .id = id, .state = STATE_NEW, .due = due };

  strcpy (v.customer, names[id % 4]);
  v.items = (uint8_t)(1 + id % 6);
  for (int i = 0; i < v.items; i++) {
    uint32_t r = bench_random (seed);
    Item item = { .quantity = (int16_t)(r % 40 + 1),
                  .discount = r >> 8 & 31,
                  .price = (int32_t)(r >> 12) % 9000 };
    memcpy (item.code, "ITEM-", 5);
    item.code[5] = (char)('A' + r % 26);
    v.item[i] = item;
  }
  return v;
}

int
main (int argc, char **argv)
{
  enum { INVOICES = 400 };
  static Invoice book[INVOICES];
  unsigned days = bench_work (argc, argv, 60000);
  uint32_t seed = 1985;
  Date today = { .day = 1, .month = 1, .year = 2000 };
  uint64_t sum = 0, counts[STATES] = { 0 };

  for (uint32_t i = 0; i < INVOICES; i++)
    book[i] = make_invoice (i, today, &seed);
  for (unsigned day = 0; day < days; day++) {
    today = next_day (today);
    for (int i = 0; i < INVOICES; i++) {
      Invoice *v = &book[i];
      v->state = step (v, &today);
      counts[v->state]++;
      if (v->state == STATE_CLOSED) {
        sum = bench_mix (sum, (uint64_t)v->total + (strcmp (v->customer, "Oculus") == 0));
        *v = make_invoice (v->id + INVOICES, next_day (next_day (today)), &seed);
      }
    }
  }
  for (int i = 0; i < STATES; i++)
    sum = bench_mix (sum, counts[i]);
  bench_result ("records", sum);
  return 0;
}
