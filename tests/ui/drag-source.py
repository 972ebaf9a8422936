#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window that a file can be dragged out of, as out of a file manager's.

Usage: drag-source.py FILE
"""

import sys

import gi
gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, GObject, Gtk

value = GObject.Value(Gdk.FileList, Gdk.FileList.new_from_list([Gio.File.new_for_path(sys.argv[1])]))
window = Gtk.Window(title="Drag Source", default_width=200, default_height=200, child=Gtk.Label(label="A file"))
source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
source.connect("prepare", lambda *_: Gdk.ContentProvider.new_for_value(value))
window.add_controller(source)
window.present()
GLib.MainLoop().run()
