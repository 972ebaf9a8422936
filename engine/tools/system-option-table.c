/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include "keyval.h"
#include "log.h"
#include "suggest.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The largest tb-size, as vitrine-user's. */
enum { MAX_CACHE_MIB = 2048 };

#define BAD(...) g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, __VA_ARGS__)

static void
replace (char **at, const char *value)
{
  g_free (*at);
  *at = g_strdup (value);
}

/* Options whose value is a text of the configuration. */
#define TEXT(name, member)                                                                                   \
  static bool set_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    replace (&p->member, value);                                                                             \
    return true;                                                                                             \
  }
TEXT (kernel, config->kernel)
TEXT (initrd, config->initrd)
TEXT (append, config->append)
TEXT (dtb, config->dtb)
TEXT (bios, config->bios)
TEXT (log_file, command->log_file)
TEXT (gdb, command->gdb)
TEXT (pidfile, command->pidfile)
TEXT (incoming, config->incoming)

/* Options that are collected. */
#define LIST(name, member)                                                                                   \
  static bool add_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    g_ptr_array_add (p->member, g_strdup (value));                                                           \
    return true;                                                                                             \
  }
LIST (serial, config->serials)
LIST (fw_cfg, config->fw_cfg)
LIST (chardev, command->chardevs)
LIST (drive, command->drives)
LIST (blockdev, command->blockdevs)
LIST (netdev, command->netdevs)
LIST (object, command->objects)
LIST (qmp, command->qmps)

#define SWITCH(name, member)                                                                                 \
  static bool set_##name (SystemParse *p, const char *value, GError **error)                                 \
  {                                                                                                          \
    p->member = true;                                                                                        \
    return true;                                                                                             \
  }
SWITCH (nographic, command->nographic)
SWITCH (snapshot, config->snapshot)
SWITCH (paused, config->start_paused)
SWITCH (no_reboot, config->no_reboot)
SWITCH (no_shutdown, config->no_shutdown)
SWITCH (nodefaults, config->no_default_devices)

static bool
ignore (SystemParse *p, const char *value, GError **error)
{
  return true;
}

static bool
is_help (const char *value)
{
  return strcmp (value, "help") == 0 || strcmp (value, "?") == 0;
}

static bool
set_machine (SystemParse *p, const char *value, GError **error)
{
  if (is_help (value)) {
    system_print_machines (p->command);
    p->done = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "type", error);
  if (kv == NULL)
    return false;
  const char *type = keyval_get (kv, "type"), *dumpdtb = keyval_get (kv, "dumpdtb"),
             *accel = keyval_get (kv, "accel");
  if (type)
    replace (&p->config->board, type);
  if (dumpdtb)
    replace (&p->config->dumpdtb, dumpdtb);
  if (accel && strcmp (accel, "tcg") != 0) {
    BAD ("accel=%s: a guest of this architecture is translated on this host (accel=tcg)", accel);
    return false;
  }
  /* The board knows the others. */
  g_autoptr (GPtrArray) rest = keyval_prefix (kv, "");
  for (unsigned i = 0; i < rest->len; i++) {
    const KeyvalPair *pair = rest->pdata[i];
    g_hash_table_replace (p->config->board_options, g_strdup (pair->key), g_strdup (pair->value));
  }
  return true;
}

static bool
set_cpu (SystemParse *p, const char *value, GError **error)
{
  if (is_help (value)) {
    g_autofree char *text = p->command->isa->models ();
    puts (text);
    system_print_default_cpus (p->command);
    p->done = true;
    return true;
  }
  replace (&p->config->cpu_model, value);
  return true;
}

static bool
set_accel (SystemParse *p, const char *value, GError **error)
{
  static const char *const accels[] = { "tcg", NULL }, *const threads[] = { "single", "multi", NULL };
  unsigned accel, thread;
  uint64_t mib;
  if (is_help (value)) {
    puts ("Accelerators supported:\ntcg");
    p->done = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "accel", error);
  if (kv == NULL || !keyval_get_choice (kv, "accel", accels, 0, &accel, error) ||
      !keyval_get_choice (kv, "thread", threads, 1, &thread, error) ||
      !keyval_get_uint (kv, "tb-size", 0, &mib, error) || !keyval_finish (kv, "-accel", error))
    return false;
  if (thread == 0) {
    BAD ("thread=single: each processor has a thread of its own here; leave the setting out");
    return false;
  }
  if (mib > MAX_CACHE_MIB) {
    BAD ("tb-size=%" G_GUINT64_FORMAT ": %u MiB of translated code are the most", mib, MAX_CACHE_MIB);
    return false;
  }
  if (mib)
    cpu_settings.code_cache_size = (size_t)mib << 20;
  return true;
}

static bool
get_count (Keyval *kv, const char *key, unsigned *ret, GError **error)
{
  uint64_t n;
  if (!keyval_get_uint (kv, key, *ret, &n, error))
    return false;
  if (n == 0 && keyval_get (kv, key)) {
    BAD ("%s=0: a machine has at least one", key);
    return false;
  }
  if (n > 4096) {
    BAD ("%s=%" G_GUINT64_FORMAT " is more than any machine has", key, n);
    return false;
  }
  *ret = (unsigned)n;
  return true;
}

static bool
set_smp (SystemParse *p, const char *value, GError **error)
{
  MachineConfig *c = p->config;
  g_autoptr (Keyval) kv = keyval_parse (value, "cpus", error);
  return kv != NULL && get_count (kv, "cpus", &c->cpus, error) &&
         get_count (kv, "maxcpus", &c->max_cpus, error) && get_count (kv, "sockets", &c->sockets, error) &&
         get_count (kv, "cores", &c->cores, error) && get_count (kv, "threads", &c->threads, error) &&
         keyval_finish (kv, "-smp", error);
}

static bool
set_memory (SystemParse *p, const char *value, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (value, "size", error);
  if (kv == NULL)
    return false;
  const char *size = keyval_get (kv, "size");
  if (size != NULL && !keyval_parse_size (size, 1024 * 1024, &p->config->ram_size, error))
    return false;
  return keyval_finish (kv, "-m", error);
}

static bool
add_device (SystemParse *p, const char *value, GError **error)
{
  if (is_help (value)) {
    system_print_devices ();
    p->done = true;
    return true;
  }
  const char *help = strstr (value, ",help");
  if (help != NULL && help[5] == '\0') {
    g_autofree char *name = g_strndup (value, (gsize)(help - value));
    p->done = true;
    return system_print_device_properties (name, error);
  }
  g_ptr_array_add (p->config->devices, g_strdup (value));
  return true;
}

/* A file name as the value of a setting: its commas are doubled. */
static char *
escaped (const char *file)
{
  g_auto (GStrv) parts = g_strsplit (file, ",", -1);
  return g_strjoinv (",,", parts);
}

static bool
add_image (SystemParse *p, const char *file, const char *settings)
{
  g_autofree char *name = escaped (file);
  g_ptr_array_add (p->command->drives, g_strconcat ("file=", name, settings, NULL));
  return true;
}

static bool
add_cdrom (SystemParse *p, const char *value, GError **error)
{
  return add_image (p, value, ",media=cdrom");
}

static bool
add_disk (SystemParse *p, const char *value, GError **error)
{
  return add_image (p, value, ",media=disk");
}

static bool
add_pflash (SystemParse *p, const char *value, GError **error)
{
  return add_image (p, value, ",if=pflash");
}

static bool
add_monitor (SystemParse *p, const char *value, GError **error)
{
  if (strcmp (value, "none") == 0)
    p->command->no_monitor = true;
  else
    g_ptr_array_add (p->command->monitors, g_strdup (value));
  return true;
}

/* chardev=ID,mode=readline|control */
static bool
add_mon (SystemParse *p, const char *value, GError **error)
{
  static const char *const modes[] = { "readline", "control", NULL };
  unsigned mode;
  bool pretty;
  g_autoptr (Keyval) kv = keyval_parse (value, "chardev", error);
  if (kv == NULL || !keyval_get_choice (kv, "mode", modes, 0, &mode, error) ||
      !keyval_get_bool (kv, "pretty", false, &pretty, error))
    return false;
  const char *id = keyval_get (kv, "chardev");
  if (id == NULL) {
    BAD ("say which -chardev with chardev=ID");
    return false;
  }
  g_ptr_array_add (mode == 1 ? p->command->qmps : p->command->monitors, g_strconcat ("chardev:", id, NULL));
  return keyval_finish (kv, "-mon", error);
}

static bool
set_display (SystemParse *p, const char *value, GError **error)
{
  if (strcmp (value, "none") == 0 || is_help (value)) {
    if (is_help (value)) {
      puts ("Available display backend types:\nnone");
      p->done = true;
    }
    return true;
  }
  BAD ("this program has no window; use -display none (with -nographic for a console in the terminal)");
  return false;
}

static bool
set_boot (SystemParse *p, const char *value, GError **error)
{
  MachineConfig *c = p->config;
  g_autoptr (Keyval) kv = keyval_parse (value, "order", error);
  if (kv == NULL || !keyval_get_bool (kv, "menu", c->boot_menu, &c->boot_menu, error) ||
      !keyval_get_bool (kv, "strict", c->boot_strict, &c->boot_strict, error))
    return false;
  const char *order = keyval_get (kv, "order");
  if (order) {
    if (strspn (order, "abcdefghijklmnop") != strlen (order)) {
      BAD ("order=%s: each letter is a drive: c the first disk, d the CD-ROM, n the network", order);
      return false;
    }
    replace (&c->boot_order, order);
  }
  return keyval_finish (kv, "-boot", error);
}

/* base=utc, base=localtime, or base=DATE in ISO 8601. */
static bool
set_rtc (SystemParse *p, const char *value, GError **error)
{
  static const char *const clocks[] = { "host", "vm", NULL };
  unsigned clock;
  g_autoptr (Keyval) kv = keyval_parse (value, "base", error);
  if (kv == NULL || !keyval_get_choice (kv, "clock", clocks, 0, &clock, error))
    return false;
  const char *base = keyval_get (kv, "base");
  p->config->rtc_localtime = g_strcmp0 (base, "localtime") == 0;
  if (base && strcmp (base, "utc") != 0 && !p->config->rtc_localtime) {
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
    g_autoptr (GDateTime) then = g_date_time_new_from_iso8601 (base, utc);
    if (then == NULL) {
      BAD ("base=%s is neither utc, localtime nor a date like 2026-01-31T12:00:00", base);
      return false;
    }
    p->config->rtc_offset = g_date_time_to_unix (then) - g_get_real_time () / G_USEC_PER_SEC;
  }
  return keyval_finish (kv, "-rtc", error);
}

static bool
set_name (SystemParse *p, const char *value, GError **error)
{
  bool threads;
  g_autoptr (Keyval) kv = keyval_parse (value, "guest", error);
  if (kv == NULL || !keyval_get_bool (kv, "debug-threads", false, &threads, error))
    return false;
  const char *guest = keyval_get (kv, "guest");
  if (guest)
    replace (&p->config->name, guest);
  return keyval_finish (kv, "-name", error);
}

static bool
set_uuid (SystemParse *p, const char *value, GError **error)
{
  if (!g_uuid_string_is_valid (value)) {
    BAD ("not of the form 550e8400-e29b-41d4-a716-446655440000");
    return false;
  }
  replace (&p->config->uuid, value);
  return true;
}

/* The settings of `kv` that belong to the NIC go to `nic`, the others to `netdev`. */
static void
split_nic (Keyval *kv, GString *netdev, GString *nic)
{
  static const char *const of_nic[] = { "mac", "macaddr", "addr", "vectors", NULL };
  g_autoptr (GPtrArray) rest = keyval_prefix (kv, "");
  for (unsigned i = 0; i < rest->len; i++) {
    const KeyvalPair *pair = rest->pdata[i];
    g_autofree char *value = escaped (pair->value);
    bool is_mac = strcmp (pair->key, "macaddr") == 0;
    GString *to = g_strv_contains (of_nic, pair->key) ? nic : netdev;
    g_string_append_printf (to, ",%s=%s", is_mac ? "mac" : pair->key, value);
  }
}

/* TYPE,model=MODEL,… declares a back end and a NIC in one. */
static bool
add_nic (SystemParse *p, const char *value, GError **error)
{
  static unsigned count;
  if (strcmp (value, "none") == 0) {
    p->config->no_default_net = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "type", error);
  if (kv == NULL)
    return false;
  const char *type = keyval_get (kv, "type"), *model = keyval_get (kv, "model"), *id = keyval_get (kv, "id");
  g_autofree char *own = g_strdup_printf ("__nic%u", count++);
  id = id ? id : own;
  if (type == NULL) {
    BAD ("say which back end: user, tap, stream, …, or none");
    return false;
  }
  g_autoptr (GString) netdev = g_string_new (type), nic = g_string_new (model ? model : "");
  g_string_append_printf (netdev, ",id=%s", id);
  g_string_append_printf (nic, "%snetdev=%s", model ? "," : "", id);
  split_nic (kv, netdev, nic);
  g_ptr_array_add (p->command->netdevs, g_strdup (netdev->str));
  g_ptr_array_add (p->config->nics, g_strdup (nic->str));
  return true;
}

static bool
set_net (SystemParse *p, const char *value, GError **error)
{
  if (strcmp (value, "none") == 0)
    return add_nic (p, value, error);
  BAD ("-net joins everything in one hub; use -nic %s, or -netdev with -device", value);
  return false;
}

static bool
set_log (SystemParse *p, const char *value, GError **error)
{
  if (is_help (value)) {
    g_autofree char *text = vlog_help ();
    fputs (text, stdout);
    fputs (device_log_help, stdout);
    p->done = true;
    return true;
  }
  g_auto (GStrv) items = g_strsplit (value, ",", -1);
  for (char **item = items; *item; item++) {
    g_autofree char *unknown = NULL;
    if (!device_log_item (*item) && !vlog_parse (*item, &unknown)) {
      BAD ("'%s' is not a log item; -d help lists them", unknown);
      return false;
    }
  }
  return true;
}

static bool
set_gdb_default (SystemParse *p, const char *value, GError **error)
{
  replace (&p->command->gdb, "tcp::1234");
  return true;
}

static bool
set_one_insn (SystemParse *p, const char *value, GError **error)
{
  cpu_settings.one_insn_per_block = true;
  return true;
}

static bool
set_perf_map (SystemParse *p, const char *value, GError **error)
{
  cpu_settings.perf_map = true;
  return true;
}

/* Forced modes of the translator, as vitrine-user's. */
static bool
set_test (SystemParse *p, const char *value, GError **error)
{
  uint64_t hot = 0, flush = 0, interrupt = 0, size = 0;
  g_autoptr (Keyval) kv = keyval_parse (value, NULL, error);
  if (kv == NULL || !keyval_get_bool (kv, "interpret", false, &cpu_settings.interpret, error) ||
      !keyval_get_uint (kv, "hot", 0, &hot, error) ||
      !keyval_get_uint (kv, "flush-every", 0, &flush, error) ||
      !keyval_get_uint (kv, "interrupt-every", 0, &interrupt, error) ||
      !keyval_get_size (kv, "cache-size", 0, &size, error))
    return false;
  cpu_settings.hot_threshold = (unsigned)hot;
  cpu_settings.flush_every = (unsigned)flush;
  cpu_settings.interrupt_every = (unsigned)interrupt;
  if (size)
    cpu_settings.code_cache_size = size;
  return keyval_finish (kv, "-test", error);
}

static bool
show_version (SystemParse *p, const char *value, GError **error)
{
  printf ("%s (Vitrine) %s\n", p->command->program, VITRINE_VERSION);
  p->done = true;
  return true;
}

static bool
show_help (SystemParse *p, const char *value, GError **error)
{
  system_print_help (p->command);
  p->done = true;
  return true;
}

const SystemOption system_options[] = {
  { "h", NULL, "print this help", show_help },
  { "help", NULL, NULL, show_help },
  { "version", NULL, "print the version", show_version },
  { "machine", "TYPE[,OPTION=VALUE…]",
    "the board ('-machine help' lists them); dumpdtb=FILE writes its device tree", set_machine },
  { "M", "TYPE[,OPTION=VALUE…]", NULL, set_machine },
  { "cpu", "MODEL[,EXTENSION=on|off…]", "the processor ('-cpu help' lists models)", set_cpu },
  { "accel", "tcg[,tb-size=MIB]", "how guest code runs; memory for translated code (default: 24)",
    set_accel },
  { "smp", "N[,maxcpus=…,sockets=…,cores=…,threads=…]", "number of processors", set_smp },
  { "m", "SIZE", "memory in MiB, or with a unit: 2G", set_memory },
  { "bios", "FILE|none", "firmware (default: the board's)", set_bios },
  { "kernel", "FILE", "kernel to start", set_kernel },
  { "initrd", "FILE", "its initial RAM disk", set_initrd },
  { "append", "TEXT", "its command line", set_append },
  { "dtb", "FILE", "device tree to use instead of the board's", set_dtb },
  { "drive", "file=FILE,format=raw|qcow2,if=virtio|pflash|none,id=ID,…", "a disk or CD", add_drive },
  { "blockdev", "driver=…,node-name=ID,…", "a disk image for -device", add_blockdev },
  { "cdrom", "FILE", "a CD image", add_cdrom },
  { "hda", "FILE", "a disk image", add_disk },
  { "hdb", "FILE", NULL, add_disk },
  { "hdc", "FILE", NULL, add_disk },
  { "hdd", "FILE", NULL, add_disk },
  { "pflash", "FILE", "a flash chip's content", add_pflash },
  { "device", "NAME[,PROPERTY=VALUE…]", "add a device ('-device help', '-device NAME,help')", add_device },
  { "netdev", "user|tap|stream|dgram|socket,id=ID,…", "a network back end for -device", add_netdev },
  { "nic", "user|tap|…[,model=NAME,mac=…]|none", "a network back end and its card", add_nic },
  { "net", "none", "no network", set_net },
  { "object", "iothread,id=ID", "a thread for -device …,iothread=ID", add_object },
  { "chardev", "KIND,id=ID,…", "a character back end", add_chardev },
  { "serial", "stdio|mon:stdio|pty|file:…|unix:…|null|none|…", "where the next serial port goes",
    add_serial },
  { "monitor", "stdio|unix:…|none|…", "where the monitor listens", add_monitor },
  { "qmp", "unix:PATH,server=on,wait=off|…", "where QMP listens", add_qmp },
  { "mon", "chardev=ID[,mode=readline|control]", "a monitor on a -chardev", add_mon },
  { "nographic", NULL, "no display; console and monitor in this terminal (Ctrl-A H helps)", set_nographic },
  { "display", "none", "no display", set_display },
  { "boot", "[order=LETTERS,menu=on|off,strict=on|off]", "what to boot from", set_boot },
  { "rtc", "base=utc|localtime|DATE", "the clock at start", set_rtc },
  { "name", "NAME", "the machine's name", set_name },
  { "uuid", "UUID", "the machine's UUID", set_uuid },
  { "fw_cfg", "name=NAME,file=FILE|string=TEXT", "an item for the firmware", add_fw_cfg },
  { "snapshot", NULL, "write to temporary files instead of the disk images", set_snapshot },
  { "incoming", "file:PATH", "go on with a machine saved by the monitor's migrate", set_incoming },
  { "S", NULL, "do not start: wait for 'cont'", set_paused },
  { "s", NULL, "-gdb tcp::1234", set_gdb_default },
  { "gdb", "tcp::PORT|unix:PATH", "wait for gdb there", set_gdb },
  { "no-reboot", NULL, "exit instead of rebooting", set_no_reboot },
  { "no-shutdown", NULL, "stop instead of exiting when the guest powers off", set_no_shutdown },
  { "nodefaults", NULL, "no devices but those asked for", set_nodefaults },
  { "no-user-config", NULL, "accepted: there are no configuration files", ignore },
  { "pidfile", "FILE", "write the process id to FILE", set_pidfile },
  { "d", "ITEM,…", "log what is listed ('-d help'); trace:PATTERN for devices", set_log },
  { "D", "FILE", "log to FILE", set_log_file },
  { "one-insn-per-tb", NULL, "translate each instruction by itself", set_one_insn },
  { "perfmap", NULL, "write /tmp/perf-PID.map for perf", set_perf_map },
  { "test", "MODE,…", "force interpret, hot=N, flush-every=N, interrupt-every=N, cache-size=N", set_test },
};
const unsigned system_n_options = G_N_ELEMENTS (system_options);
