# Preloaded: what it defines takes the place of Bochs's own.
PLUGINS += bochs-plugin.so
PLUGIN_SOURCES += dom0-tools/machines/bochs/plugin.c
$(BUILD)/bochs-plugin.so: dom0-tools/machines/bochs/plugin.c Makefile $(DEPS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) -fPIC -shared -MMD -MP -MF $(@:.so=.d) -o $@ $<
