# A CPU of QEMU's with features it lacks.
PLUGINS += cpu-plugin.so
PLUGIN_SOURCES += dom0-tools/machines/qemu/cpu_plugin.c
$(BUILD)/cpu-plugin.so: dom0-tools/machines/qemu/cpu_plugin.c
