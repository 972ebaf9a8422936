/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The C library's text functions: formatting and scanning of numbers, searching, comparing and splitting. */

#include "../bench.h"

static uint64_t
hash_text (uint64_t hash, const char *text)
{
  for (; *text != '\0'; text++)
    hash = bench_mix (hash, (unsigned char)*text);
  return hash;
}

static uint64_t
numbers (unsigned n, uint32_t *seed)
{
  char text[128];
  uint64_t sum = 0;

  for (unsigned i = 0; i < n; i++) {
    double value = (double)bench_random (seed) / (1 + bench_random (seed) % 100000);
    int length = snprintf (text, sizeof text, "%u,%08x,%-6d|%.12g,%.3f", i, bench_random (seed), (int)i % 500,
                           value, value);
    const char *comma = strrchr (text, ',');
    double back = strtod (comma + 1, NULL);
    sum = hash_text (sum, text);
    sum = bench_mix (sum, (uint64_t)(back * 1000.0 + 0.5) + (uint64_t)length);
    sum = bench_mix (sum, strtoul (strchr (text, ',') + 1, NULL, 16));
  }
  return sum;
}

static void
make_text (char *text, size_t size, uint32_t *seed)
{
  static const char *const word[] = { "the", "sand",      "glass", "window", "of",
                                      "a",   "cathedral", "in",    "lead",   "light" };
  size_t at = 0;

  while (at + 16 < size) {
    const char *w = word[bench_random (seed) % (sizeof word / sizeof *word)];
    at += (size_t)(stpcpy (text + at, w) - (text + at));
    text[at++] = bench_random (seed) % 12 == 0 ? '\n' : ' ';
  }
  text[at] = '\0';
}

static uint64_t
searches (const char *text)
{
  static const char *const needle[] = { "cathedral in lead", "glass window of", "sand sand sand sand",
                                        "light\nthe" };
  uint64_t sum = 0;

  for (size_t i = 0; i < sizeof needle / sizeof *needle; i++)
    for (const char *hit = text; (hit = strstr (hit, needle[i])) != NULL; hit++)
      sum = bench_mix (sum, (uint64_t)(hit - text));
  return bench_mix (sum, strcspn (text, "%") + strlen (text));
}

static uint64_t
words (char *copy, const char *text)
{
  char *rest = NULL, *last = "";
  uint64_t sum = 0;

  strcpy (copy, text);
  for (char *w = strtok_r (copy, " \n", &rest); w != NULL; w = strtok_r (NULL, " \n", &rest)) {
    sum = bench_mix (sum, strlen (w) + (strcmp (w, last) < 0 ? 100 : 0));
    last = w;
  }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 400);
  size_t size = 20000;
  char *text = bench_alloc (size, 1);
  char *copy = bench_alloc (size, 1);
  uint32_t seed = 12345;
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    sum = bench_mix (sum, numbers (1500, &seed));
    make_text (text, size, &seed);
    sum = bench_mix (sum, searches (text));
    sum = bench_mix (sum, words (copy, text));
  }
  bench_result ("strings", sum);
  free (copy);
  free (text);
  return 0;
}
