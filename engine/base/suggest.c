/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suggest.h"

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* Longer words are compared by their beginning: the cost is quadratic. */
enum { LONGEST = 64 };

/* Number of insertions, removals, changes and swaps of neighbours that make one word the other. */
static unsigned
distance (const char *a, const char *b)
{
  const size_t m = strnlen (a, LONGEST), n = strnlen (b, LONGEST);
  unsigned rows[3][LONGEST + 1];
  unsigned *before = rows[0], *previous = rows[1], *row = rows[2];
  for (size_t j = 0; j <= n; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; i <= m; i++) {
    unsigned *oldest = before;
    before = previous;
    previous = row;
    row = oldest;
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= n; j++) {
      const char x = g_ascii_tolower (a[i - 1]), y = g_ascii_tolower (b[j - 1]);
      row[j] = MIN (previous[j - 1] + (x != y), MIN (previous[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && x == g_ascii_tolower (b[j - 2]) && g_ascii_tolower (a[i - 2]) == y)
        row[j] = MIN (row[j], before[j - 2] + 1);
    }
  }
  return row[n];
}

/* Whether the word is the candidate with letters left out, as people shorten words. */
static bool
is_short_for (const char *word, const char *candidate)
{
  if (*word != *candidate)
    return false;
  for (; *candidate; candidate++)
    word += *word && *word == *candidate;
  return !*word;
}

/* How many slips of the finger are believed in a word of that many letters: what differs more is another
 * word.
 */
static unsigned
slips (size_t letters)
{
  return MIN (((unsigned)letters + 1) / 3, 5);
}

/* How far the word is from what it may be meant for; UINT_MAX: it is not. */
static unsigned
farness (const char *word, const char *candidate)
{
  if (*word && g_str_has_prefix (candidate, word))
    return 0;
  const unsigned slipped = distance (word, candidate);
  if (slipped > 2 && *word && is_short_for (word, candidate))
    return 2;
  return slipped <= slips (MAX (strnlen (word, LONGEST), strnlen (candidate, LONGEST))) ? slipped : UINT_MAX;
}

const char *
suggest_nearest (const char *word, const char *const *candidates)
{
  const char *best = NULL;
  unsigned least = UINT_MAX;
  for (unsigned i = 0; candidates[i]; i++) {
    const unsigned far = farness (word, candidates[i]);
    if (far < least) {
      least = far;
      best = candidates[i];
    }
  }
  return best;
}

char *
suggest_hint (const char *word, const char *const *candidates)
{
  const char *nearest = suggest_nearest (word, candidates);
  return nearest ? g_strdup_printf ("; did you mean '%s'?", nearest) : g_strdup (".");
}
