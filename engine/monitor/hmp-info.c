/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What "info" shows. */

#include "monitor-private.h"

#include "display.h"
#include <string.h>

static bool
info_status (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const MachineState state = ctx->machine->state;
  const char *name = machine_state_name (state);
  if (state == MACHINE_RUNNING)
    g_string_append (out, "VM status: running\n");
  else if (state == MACHINE_PAUSED)
    g_string_append (out, "VM status: paused\n");
  else
    g_string_append_printf (out, "VM status: paused (%s)\n", name);
  return true;
}

static bool
info_name (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (ctx->machine->config->name)
    g_string_append_printf (out, "%s\n", ctx->machine->config->name);
  return true;
}

static bool
info_uuid (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const char *uuid = ctx->machine->config->uuid;
  g_string_append_printf (out, "%s\n", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
  return true;
}

static bool
info_version (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_string_append (out, VITRINE_VERSION " (Vitrine)\n");
  return true;
}

static bool
info_cpus (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  for (unsigned i = 0; i < ctx->machine->vcpus->len; i++) {
    g_string_append (out, i == ctx->cpu ? "* " : "  ");
    vcpu_describe (ctx->machine->vcpus->pdata[i], out);
    g_string_append_c (out, '\n');
  }
  return true;
}

static bool
info_registers (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const bool all = words[0] && !strcmp (words[0], "-a");
  if (words[0] && (!all || words[1]))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is not known; -a shows all CPUs", words[all]);
  for (unsigned i = all ? 0 : ctx->cpu; i < (all ? ctx->machine->vcpus->len : ctx->cpu + 1); i++) {
    bool was_running;
    Vcpu *vcpu = monitor_hold (ctx->machine, i, &was_running, error);
    if (!vcpu)
      return false;
    const Cpu *cpu = vcpu_cpu (vcpu);
    g_string_append_printf (out, "\nCPU#%u\n", i);
    cpu->isa->dump (cpu, out);
    monitor_release (vcpu, was_running);
  }
  return true;
}

static bool
info_mtree (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const bool flat = words[0] && !strcmp (words[0], "-f");
  if (words[0] && (!flat || words[1]))
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "'%s' is not known; -f shows what is seen where",
                         words[flat]);
  memory_print (ctx->machine->memory, flat, out);
  return true;
}

static bool
info_qtree (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  machine_info_qtree (ctx->machine, out);
  return true;
}

static bool
info_pci (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  if (!ctx->machine->pci)
    return monitor_fail (error, MONITOR_ERROR_GENERIC, "the board '%s' has no PCI bus",
                         ctx->machine->board->name);
  pci_bus_print (ctx->machine->pci, out);
  return true;
}

static void
end_line (GString *out)
{
  if (out->len && out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
}

static bool
info_block (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_autoptr (GPtrArray) drives = drive_list ();
  for (unsigned i = 0; i < drives->len; i++) {
    g_string_append (out, i ? "\n" : "");
    drive_describe (drives->pdata[i], out);
    end_line (out);
  }
  return true;
}

static bool
info_blockstats (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_autoptr (GPtrArray) drives = drive_list ();
  for (unsigned i = 0; i < drives->len; i++) {
    const char *id = drive_id (drives->pdata[i]);
    Block *block = drive_block (drives->pdata[i]);
    BlockStats s = { 0 };
    if (block)
      block_stats (block, &s);
    g_string_append_printf (
        out,
        "%s: rd_bytes=%" G_GUINT64_FORMAT " wr_bytes=%" G_GUINT64_FORMAT " rd_operations=%" G_GUINT64_FORMAT
        " wr_operations=%" G_GUINT64_FORMAT " flush_operations=%" G_GUINT64_FORMAT
        " unmap_operations=%" G_GUINT64_FORMAT "\n",
        id ? id : "", s.read_bytes, s.write_bytes, s.read_ops, s.write_ops, s.flush_ops, s.discard_ops);
  }
  return true;
}

/* The card, with the network behind it in the next line. */
static void
describe_card (const Device *card, unsigned number, GString *out)
{
  g_autofree char *mac = device_get ((Device *)card, "mac");
  if (card->id)
    g_string_append (out, card->id);
  else
    g_string_append_printf (out, "%s.%u", card->class->name, number);
  g_string_append_printf (out, ": index=0,type=nic,model=%s,macaddr=%s\n \\ ", card->class->name,
                          mac ? mac : "");
}

static bool
info_network (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_autoptr (GPtrArray) networks = net_backend_list ();
  unsigned number = 0;
  for (unsigned i = 0; i < networks->len; i++) {
    const Device *card = monitor_find_user (ctx->machine, "netdev", net_backend_id (networks->pdata[i]));
    if (card)
      describe_card (card, number++, out);
    net_backend_describe (networks->pdata[i], out, false);
    end_line (out);
  }
  return true;
}

static bool
info_usernet (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_autoptr (GPtrArray) networks = net_backend_list ();
  for (unsigned i = 0; i < networks->len; i++) {
    net_backend_describe (networks->pdata[i], out, true);
    end_line (out);
  }
  return true;
}

static bool
info_chardev (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_autoptr (GPtrArray) chardevs = chardev_list ();
  for (unsigned i = 0; i < chardevs->len; i++) {
    const Chardev *chr = chardevs->pdata[i];
    g_string_append_printf (out, "%s: filename=%s\n", chardev_id (chr) ? chardev_id (chr) : "(no id)",
                            chardev_describe (chr));
  }
  return true;
}

static bool
info_mice (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  const bool tablet = input_has (INPUT_POINTER_ABS), mouse = input_has (INPUT_POINTER_REL);
  if (tablet)
    g_string_append (out, "* Mouse #0: tablet (absolute)\n");
  if (mouse)
    g_string_append_printf (out, "%s Mouse #1: mouse\n", tablet ? " " : "*");
  if (!tablet && !mouse)
    g_string_append (out, "No mouse devices connected\n");
  return true;
}

static bool
info_kvm (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  g_string_append (out, "kvm support: disabled\n");
  return true;
}

static bool
info_balloon (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  uint64_t bytes;
  if (!monitor_hooks.balloon || !monitor_hooks.balloon (monitor_hooks.opaque, &bytes))
    return monitor_fail (error, MONITOR_ERROR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
  g_string_append_printf (out, "balloon: actual=%" G_GUINT64_FORMAT "\n", bytes >> 20);
  return true;
}

static bool
info_jit (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  CpuCounters c;
  if (!cpu_settings.count)
    return monitor_fail (error, MONITOR_ERROR_GENERIC,
                         "nothing was counted; start the machine with -d stats");
  cpu_counters (&c);
  const struct {
    const char *name;
    uint64_t value;
  } lines[] = { { "translated instructions", c.translated_insns },
                { "translation time, ns", c.translate_ns },
                { "blocks", c.blocks },
                { "hot regions", c.hot_regions },
                { "host code, bytes", c.host_bytes },
                { "flushes", c.flushes },
                { "executed guest instructions", c.executed_insns },
                { "executed host instructions", c.executed_host_insns },
                { "exits to link", c.link_exits },
                { "exits to look up", c.lookup_exits },
                { "exits to interpret", c.interpret_exits } };
  for (unsigned i = 0; i < G_N_ELEMENTS (lines); i++)
    g_string_append_printf (out, "%-28s %" G_GUINT64_FORMAT "\n", lines[i].name, lines[i].value);
  return true;
}

static bool
info_migrate (MonitorContext *ctx, char **words, GString *out, GError **error)
{
  monitor_info_migrate (out);
  return true;
}

const HmpCommand hmp_info_commands[] = {
  { "balloon", "", "memory the guest has", .run = info_balloon },
  { "block", "", "drives and their media", .run = info_block },
  { "blockstats", "", "what drives have read and written", .run = info_blockstats },
  { "chardev", "", "character back ends", .run = info_chardev },
  { "cpus", "", "CPUs and their threads", .run = info_cpus },
  { "jit", "", "counters of the translator", .run = info_jit },
  { "kvm", "", "whether KVM is in use", .run = info_kvm },
  { "mice", "", "pointing devices", .run = info_mice },
  { "migrate", "", "how saving goes", .run = info_migrate },
  { "mtree", "[-f]", "the physical address space (-f: what is seen where)", .run = info_mtree },
  { "name", "", "the machine's name", .run = info_name },
  { "network", "", "networks", .run = info_network },
  { "pci", "", "PCI devices", .run = info_pci },
  { "qtree", "", "devices and their properties", .run = info_qtree },
  { "registers", "[-a]", "registers of the CPU (-a: of all)", .run = info_registers },
  { "spice", "", "the SPICE server and its clients", .run = monitor_info_spice },
  { "status", "", "whether the machine runs", .run = info_status },
  { "usernet", "", "networks and their connections", .run = info_usernet },
  { "uuid", "", "the machine's UUID", .run = info_uuid },
  { "version", "", "the program's version", .run = info_version },
  { NULL },
};
