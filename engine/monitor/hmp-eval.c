/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Values people write: 64-bit sums with registers. */

#include "monitor-private.h"

#include "suggest.h"
#include <errno.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct {
  MonitorContext *ctx;
  const char *at;
  unsigned depth;
  GError **error;
} Parser;

static bool parse_sum (Parser *p, uint64_t *ret);

static void
blanks (Parser *p)
{
  p->at += strspn (p->at, " \t");
}

static bool
read_register (Parser *p, const char *name, uint64_t *ret)
{
  bool was_running, found = false;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Vcpu *vcpu = monitor_hold (p->ctx->machine, p->ctx->cpu, &was_running, p->error);
  if (!vcpu)
    return false;
  const Cpu *cpu = vcpu_cpu (vcpu);
  for (unsigned i = 0; i < cpu->isa->n_registers && !found; i++) {
    const IsaRegister *r = &cpu->isa->registers[i];
    g_ptr_array_add (names, (char *)r->name);
    found = !strcmp (r->name, name);
    if (found)
      *ret = r->get (cpu, r->index);
  }
  monitor_release (vcpu, was_running);
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  return found || monitor_fail (p->error, MONITOR_ERROR_GENERIC, "there is no register '%s'%s", name, hint);
}

static bool
parse_number (Parser *p, uint64_t *ret)
{
  char *end;
  errno = 0;
  *ret = g_ascii_strtoull (p->at, &end, 0);
  if (!g_ascii_isdigit (*p->at) || g_ascii_isalnum (*end))
    return monitor_fail (p->error, MONITOR_ERROR_GENERIC, "a number or $register is expected at '%s'", p->at);
  if (errno == ERANGE)
    return monitor_fail (p->error, MONITOR_ERROR_GENERIC, "the number '%s' is too large", p->at);
  p->at = end;
  return true;
}

static bool
parse_register (Parser *p, uint64_t *ret)
{
  size_t n = 1;
  while (g_ascii_isalnum (p->at[n]) || p->at[n] == '_')
    n++;
  g_autofree char *name = g_strndup (p->at + 1, n - 1);
  p->at += n;
  return read_register (p, name, ret);
}

static bool
parse_unary (Parser *p, uint64_t *ret)
{
  blanks (p);
  const char c = *p->at;
  if (++p->depth > MAX_DEPTH)
    return monitor_fail (p->error, MONITOR_ERROR_GENERIC, "the expression is nested too deep");
  bool ok;
  if (c == '(') {
    p->at++;
    ok = parse_sum (p, ret);
    blanks (p);
    if (ok && *p->at != ')')
      ok = monitor_fail (p->error, MONITOR_ERROR_GENERIC, "a ')' is missing");
    else if (ok)
      p->at++;
  } else if (c && strchr ("+-~", c)) {
    p->at++;
    ok = parse_unary (p, ret);
    *ret = !ok ? 0 : c == '-' ? -*ret : c == '~' ? ~*ret : *ret;
  } else if (c == '\'' && p->at[1] && p->at[2] == '\'') {
    *ret = (unsigned char)p->at[1];
    p->at += 3;
    ok = true;
  } else {
    ok = c == '$' ? parse_register (p, ret) : parse_number (p, ret);
  }
  p->depth--;
  return ok;
}

static bool
parse_product (Parser *p, uint64_t *ret)
{
  bool ok = parse_unary (p, ret);
  for (blanks (p); ok && *p->at && strchr ("*/%", *p->at); blanks (p)) {
    const char c = *p->at++;
    uint64_t right;
    ok = parse_unary (p, &right);
    if (ok && right == 0 && c != '*')
      return monitor_fail (p->error, MONITOR_ERROR_GENERIC, "division by zero");
    if (ok)
      *ret = c == '*' ? *ret * right : c == '/' ? *ret / right : *ret % right;
  }
  return ok;
}

static bool
parse_logic (Parser *p, uint64_t *ret)
{
  bool ok = parse_product (p, ret);
  for (blanks (p); ok && *p->at && strchr ("&|^", *p->at); blanks (p)) {
    const char c = *p->at++;
    uint64_t right;
    ok = parse_product (p, &right);
    if (ok)
      *ret = c == '&' ? *ret & right : c == '|' ? *ret | right : *ret ^ right;
  }
  return ok;
}

static bool
parse_sum (Parser *p, uint64_t *ret)
{
  bool ok = parse_logic (p, ret);
  for (blanks (p); ok && *p->at && strchr ("+-", *p->at); blanks (p)) {
    const char c = *p->at++;
    uint64_t right;
    ok = parse_logic (p, &right);
    if (ok)
      *ret = c == '+' ? *ret + right : *ret - right;
  }
  return ok;
}

bool
hmp_eval (MonitorContext *ctx, const char *text, uint64_t *ret, GError **error)
{
  Parser p = { ctx, text, 0, error };
  if (!parse_sum (&p, ret))
    return false;
  blanks (&p);
  return !*p.at || monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is one expression too many", p.at);
}
