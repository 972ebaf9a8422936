/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Linked lists: building node by node, walking them in memory order and out of it, reversing, and merge sort.
 */

#include "../bench.h"

typedef struct Node Node;

struct Node {
  Node *next;
  uint32_t value;
};

static Node *
build (unsigned n, uint32_t *seed)
{
  Node *head = NULL;

  for (unsigned i = 0; i < n; i++) {
    Node *node = malloc (sizeof *node);
    if (node == NULL)
      exit (1);
    node->value = bench_random (seed);
    node->next = head;
    head = node;
  }
  return head;
}

static uint64_t
walk (const Node *node)
{
  uint64_t sum = 0;

  for (; node != NULL; node = node->next)
    sum = sum * 31 + node->value;
  return sum;
}

static Node *
reverse (Node *node)
{
  Node *done = NULL;

  while (node != NULL) {
    Node *next = node->next;
    node->next = done;
    done = node;
    node = next;
  }
  return done;
}

static Node *
merge (Node *a, Node *b)
{
  Node head, *tail = &head;

  while (a != NULL && b != NULL) {
    Node **first = a->value <= b->value ? &a : &b;
    tail->next = *first;
    tail = *first;
    *first = tail->next;
  }
  tail->next = a != NULL ? a : b;
  return head.next;
}

/* Sorts the first n nodes and cuts the list behind them. */
static Node *
sort (Node *list, unsigned n)
{
  if (n == 1) {
    list->next = NULL;
    return list;
  }
  Node *middle = list;
  for (unsigned i = 0; i < n / 2; i++)
    middle = middle->next;
  Node *second = sort (middle, n - n / 2);
  return merge (sort (list, n / 2), second);
}

static void
discard (Node *node)
{
  while (node != NULL) {
    Node *next = node->next;
    free (node);
    node = next;
  }
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 220);
  unsigned n = 3000;
  uint32_t seed = 99;
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    Node *list = build (n, &seed);
    for (int j = 0; j < 40; j++) {
      sum = bench_mix (sum, walk (list));
      list = reverse (list);
    }
    list = sort (list, n);
    for (int j = 0; j < 60; j++) {
      sum = bench_mix (sum, walk (list));
      list = reverse (list);
    }
    discard (list);
  }
  bench_result ("list", sum);
  return 0;
}
