/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A left-leaning red-black tree (Sedgewick): insertion, deletion of the minimum, look-up and in-order walks.
 */

#include "../bench.h"

typedef struct Node Node;

struct Node {
  Node *left, *right;
  uint32_t key;
  unsigned count;
  bool red;
};

static Node *free_nodes;

static Node *
new_node (uint32_t key)
{
  Node *n = free_nodes;

  if (n != NULL)
    free_nodes = n->left;
  else
    n = bench_alloc (1, sizeof *n);
  *n = (Node){ .key = key, .count = 1, .red = true };
  return n;
}

static bool
is_red (const Node *n)
{
  return n != NULL && n->red;
}

static Node *
rotate_left (Node *n)
{
  Node *x = n->right;

  n->right = x->left;
  x->left = n;
  x->red = n->red;
  n->red = true;
  return x;
}

static Node *
rotate_right (Node *n)
{
  Node *x = n->left;

  n->left = x->right;
  x->right = n;
  x->red = n->red;
  n->red = true;
  return x;
}

static void
flip (Node *n)
{
  n->red = !n->red;
  n->left->red = !n->left->red;
  n->right->red = !n->right->red;
}

static Node *
balance (Node *n)
{
  if (is_red (n->right) && !is_red (n->left))
    n = rotate_left (n);
  if (is_red (n->left) && is_red (n->left->left))
    n = rotate_right (n);
  if (is_red (n->left) && is_red (n->right))
    flip (n);
  return n;
}

static Node *
insert (Node *n, uint32_t key)
{
  if (n == NULL)
    return new_node (key);
  if (key < n->key)
    n->left = insert (n->left, key);
  else if (key > n->key)
    n->right = insert (n->right, key);
  else
    n->count++;
  return balance (n);
}

static Node *
move_red_left (Node *n)
{
  flip (n);
  if (is_red (n->right->left)) {
    n->right = rotate_right (n->right);
    n = rotate_left (n);
    flip (n);
  }
  return n;
}

static Node *
remove_minimum (Node *n)
{
  if (n->left == NULL) {
    n->left = free_nodes;
    free_nodes = n;
    return NULL;
  }
  if (!is_red (n->left) && !is_red (n->left->left))
    n = move_red_left (n);
  n->left = remove_minimum (n->left);
  return balance (n);
}

static unsigned
look_up (const Node *n, uint32_t key)
{
  while (n != NULL && n->key != key)
    n = key < n->key ? n->left : n->right;
  return n != NULL ? n->count : 0;
}

static uint64_t
walk (const Node *n, uint64_t sum)
{
  if (n == NULL)
    return sum;
  sum = walk (n->left, sum);
  return walk (n->right, bench_mix (sum, n->key + n->count));
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 260);
  uint32_t seed = 1618;
  uint64_t sum = 0;
  Node *root = NULL;

  for (unsigned round = 0; round < rounds; round++) {
    for (int i = 0; i < 6000; i++) {
      root = insert (root, bench_random (&seed) % 20000);
      root->red = false;
    }
    for (int i = 0; i < 12000; i++)
      sum += look_up (root, bench_random (&seed) % 20000);
    sum = walk (root, sum);
    for (int i = 0; i < 4000; i++) {
      if (!is_red (root->left) && !is_red (root->right))
        root->red = true;
      root = remove_minimum (root);
      root->red = false;
    }
  }
  bench_result ("rbtree", walk (root, sum));
  return 0;
}
