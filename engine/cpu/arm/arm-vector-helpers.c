/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What IR says poorly of vectors, and few programs do. */

#include "arm-vector-helpers.h"

const IrVectorHelper arm_vector_helpers[ARM_N_VECTOR_HELPERS] = {
#define ARM_VECTOR_HELPER(NAME, name) [ARM_VECTOR_##NAME] = { #name, arm_v_##name },
#include "arm-vector-helpers.def"
#undef ARM_VECTOR_HELPER
};

void
arm_v_sqrdmlah (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  unsigned width = (sub & 3) == 1 ? 16 : 32;
  __int128 most = ((__int128)1 << (width - 1)) - 1;
  IrV128 result;

  for (unsigned i = 0; i < 128 / width; i++) {
    int64_t x = width == 16 ? (int16_t)a->h[i] : (int32_t)a->s[i],
            y = width == 16 ? (int16_t)b->h[i] : (int32_t)b->s[i];
    int64_t z = width == 16 ? (int16_t)c->h[i] : (int32_t)c->s[i];
    __int128 product = 2 * (__int128)x * y;
    __int128 sum = (__int128)z * ((__int128)1 << width) + (sub & ARM_SQRDMLAH_SUBTRACT ? -product : product);
    sum = (sum + ((__int128)1 << (width - 1))) >> width;
    __int128 saturated = CLAMP (sum, -most - 1, most);
    uint64_t lane = (uint64_t)(sub & ARM_SQRDMLAH_OVERFLOW ? -(__int128)(saturated != sum) : saturated);
    if (width == 16)
      result.h[i] = (uint16_t)lane;
    else
      result.s[i] = (uint32_t)lane;
  }
  *out = result;
}
