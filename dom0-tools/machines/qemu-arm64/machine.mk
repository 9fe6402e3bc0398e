# Two CPUs that take turns.
PLUGINS += turns-plugin.so
PLUGIN_SOURCES += dom0-tools/machines/qemu-arm64/turns_plugin.c
$(BUILD)/turns-plugin.so: dom0-tools/machines/qemu-arm64/turns_plugin.c
