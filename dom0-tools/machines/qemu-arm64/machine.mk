# What QEMU's ARM64 CPU lacks.
PLUGINS += arm64-cpu-plugin.so
PLUGIN_SOURCES += dom0-tools/machines/qemu-arm64/cpu_plugin.c
$(BUILD)/arm64-cpu-plugin.so: dom0-tools/machines/qemu-arm64/cpu_plugin.c
