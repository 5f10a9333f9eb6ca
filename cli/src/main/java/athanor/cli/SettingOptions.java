package athanor.cli;

import athanor.train.Setting;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/// Makes options of [Setting]s, and keeps the values that were given as the text they are: recipes
/// and flags go through one check.
final class SettingOptions {
    private final Map<Setting, String> given = new EnumMap<>(Setting.class);

    /// Gives a command an option for each of the settings, behind its own.
    CommandSpec addTo(CommandSpec command, List<Setting> settings) {
        settings.forEach(setting -> command.addOption(option(setting, setting.initial())));
        command.usageMessage().sortOptions(false).abbreviateSynopsis(true);
        return command;
    }

    /// The same where something else holds than the initial values as long as nothing is given.
    CommandSpec addTo(CommandSpec command, List<Setting> settings, String unlessGiven) {
        settings.forEach(setting -> command.addOption(option(setting, unlessGiven)));
        command.usageMessage().sortOptions(false).abbreviateSynopsis(true);
        return command;
    }

    /// What the command line said.
    Map<Setting, String> given() {
        return Map.copyOf(given);
    }

    private OptionSpec option(Setting setting, String unlessGiven) {
        String[] names =
                Stream.concat(Stream.of(setting.flag()), setting.aliases().stream())
                        .toArray(String[]::new);
        String initial = unlessGiven.isEmpty() ? "" : " [" + unlessGiven + "]";
        OptionSpec.Builder option = OptionSpec.builder(names);
        if (setting.isSwitch()) {
            option.arity("0..1").fallbackValue("on");
        }
        return option.type(String.class)
                .paramLabel(setting.placeholder())
                .description((setting.help() + initial).replace("%", "%%"))
                .setter(keep(setting))
                .build();
    }

    private ISetter keep(Setting setting) {
        return new ISetter() {
            @Override
            public <T> T set(T value) {
                if (value instanceof String text) {
                    given.put(setting, text);
                } else {
                    given.remove(setting); // Before it parses, picocli clears an option.
                }
                return value;
            }
        };
    }
}
