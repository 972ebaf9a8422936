/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "decode.h"

bool
decode_random (const DecodeInsn *insn, uint32_t random, uint32_t *ret_encoding)
{
  uint32_t free_bits = 0;
  for (unsigned i = 0; i < insn->n_fields; i++)
    for (unsigned j = 0; j < insn->fields[i].n_segments; j++)
      free_bits |= (uint32_t)((1ull << insn->fields[i].segment[j].width) - 1)
                   << insn->fields[i].segment[j].low;
  uint32_t w = insn->value | (random & free_bits & ~insn->mask);
  for (unsigned i = 0; i < insn->n_excluded; i++)
    if ((w & insn->excluded[i].mask) == insn->excluded[i].value)
      return false;
  *ret_encoding = w;
  return true;
}

uint32_t
decode_place (const DecodeField *field, uint32_t w, int64_t value)
{
  uint64_t raw = (uint64_t)(value - field->add) >> field->shift;
  unsigned left = field->width;
  for (unsigned i = 0; i < field->n_segments; i++) {
    unsigned low = field->segment[i].low, width = field->segment[i].width;
    uint32_t mask = (uint32_t)((1ull << width) - 1) << low;
    left -= width;
    w = (w & ~mask) | ((uint32_t)(raw >> left) << low & mask);
  }
  return w;
}

int64_t
decode_extract (const DecodeField *field, uint32_t w)
{
  uint64_t raw = 0;
  for (unsigned i = 0; i < field->n_segments; i++)
    raw = raw << field->segment[i].width |
          (w >> field->segment[i].low & ((1ull << field->segment[i].width) - 1));
  int64_t value = (int64_t)raw;
  if (field->is_signed && raw >> (field->width - 1))
    value -= (int64_t)1 << field->width;
  return value * ((int64_t)1 << field->shift) + field->add;
}
