/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-option-table.h"

#include "suggest.h"
#include <stdio.h>
#include <string.h>

static void
print_group (const SystemOptionGroup *group)
{
  printf ("\n%s:\n", group->title);
  for (const SystemOption *o = group->options; o->name; o++) {
    if (o->help == NULL)
      continue;
    g_autofree char *left =
        g_strdup_printf ("-%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    if (g_utf8_strlen (left, -1) > 30)
      printf ("  %s\n  %-30s %s\n", left, "", o->help);
    else
      printf ("  %s%*s %s\n", left, (int)(30 - g_utf8_strlen (left, -1)), "", o->help);
  }
}

void
system_print_help (const SystemCommand *command)
{
  printf ("Usage: %s [OPTION]... [DISK_IMAGE]\nRuns a %s machine.\n", command->program, command->isa->name);
  for (const SystemOptionGroup *group = system_option_groups; group->title; group++)
    print_group (group);
  puts ("\nIn the terminal of -nographic: Ctrl-A X quits, Ctrl-A C switches between console and monitor, "
        "Ctrl-A H helps.");
}

void
system_print_names (const char *title, GPtrArray *names)
{
  puts (title);
  for (unsigned i = 0; i < names->len; i++)
    puts (names->pdata[i]);
  g_ptr_array_unref (names);
}

void
system_print_devices (void)
{
  const char *category = NULL;
  g_autoptr (GPtrArray) classes = device_classes ();
  for (unsigned i = 0; i < classes->len; i++) {
    const DeviceClass *class = classes->pdata[i];
    if (!class->user_creatable)
      continue;
    if (g_strcmp0 (category, class->category) != 0)
      printf ("%s%s:\n", category ? "\n" : "", class->category);
    category = class->category;
    printf ("name \"%s\", bus %s, desc \"%s\"\n", class->name, class->bus, class->help ? class->help : "");
  }
  puts ("\nNo device of the guest's:\nname \"loader\", desc \"a file in memory when the machine starts\"");
}

static void
print_props (const DeviceClass *class)
{
  static const char *const kinds[] = {
    [DEVICE_PROP_BOOL] = "bool",   [DEVICE_PROP_UINT32] = "uint32", [DEVICE_PROP_UINT64] = "uint64",
    [DEVICE_PROP_SIZE] = "size",   [DEVICE_PROP_STRING] = "str",    [DEVICE_PROP_MAC] = "str",
    [DEVICE_PROP_BACKEND] = "str",
  };
  if (class->base)
    print_props (class->base);
  for (const DeviceProp *prop = class->props; prop && prop->name; prop++)
    printf ("  %s=<%s>%s%s\n", prop->name, kinds[prop->kind], prop->help ? " - " : "",
            prop->help ? prop->help : "");
}

bool
system_print_device_properties (const char *name, GError **error)
{
  if (strcmp (name, "loader") == 0) {
    puts ("loader options:\n"
          "  file=<str> - an ELF file, or any other with addr=\n"
          "  addr=<uint64> - where the file goes, or a CPU starts\n"
          "  cpu-num=<uint32> - the CPU that starts there, or at the file's entry\n"
          "  force-raw=<bool> - take an ELF file as it is");
    return true;
  }
  g_autofree char *pci = g_strconcat (name, "-pci", NULL);
  const DeviceClass *class = device_class_find (name);
  if (class == NULL)
    class = device_class_find (pci);
  if (class == NULL) {
    g_autoptr (GPtrArray) classes = device_classes (), names = g_ptr_array_new ();
    for (unsigned i = 0; i < classes->len; i++)
      g_ptr_array_add (names, (gpointer)((const DeviceClass *)classes->pdata[i])->name);
    g_ptr_array_add (names, NULL);
    g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
    return system_bad (error, "there is no device '%s'%s -device help lists them", name, hint);
  }
  printf ("%s options:\n", class->name);
  print_props (class);
  return true;
}

void
system_print_machines (const SystemCommand *command)
{
  puts ("Supported machines are:");
  for (const Board *const *board = board_list (); *board; board++)
    if (strcmp ((*board)->isa, command->isa->name) == 0) {
      printf ("%-20s %s; options: dumpdtb", (*board)->name, (*board)->help);
      for (const BoardOption *option = (*board)->options; option->name; option++)
        printf (" %s", option->name);
      puts ("");
    }
}

bool
system_print_machine_options (const SystemCommand *command, const char *name, GError **error)
{
  const Board *board = board_find (command->isa->name, name ? name : "virt");
  if (board == NULL)
    return system_bad (error, "there is no machine type '%s'; -machine help lists them", name);
  printf ("%s options:\n  accel=tcg\n  dumpdtb=<str> - write the device tree there, and end\n"
          "  kernel=, initrd=, append=, dtb=, firmware= - as -kernel, -initrd, -append, -dtb, -bios\n",
          board->name);
  for (const BoardOption *option = board->options; option->name; option++)
    printf ("  %s=%s - %s\n", option->name, option->values, option->help);
  return true;
}

void
system_print_cpus (const SystemCommand *command)
{
  g_autofree char *text = command->isa->models ();
  puts (text);
  for (const Board *const *board = board_list (); *board; board++)
    if (strcmp ((*board)->isa, command->isa->name) == 0)
      printf ("default of -machine %s: %s\n", (*board)->name, (*board)->default_cpu);
}
