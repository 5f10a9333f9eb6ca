package athanor.train;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The values of all [Setting]s as text, each checked when it is read.
public final class Settings {
    private final EnumMap<Setting, String> values = new EnumMap<>(Setting.class);

    private Settings() {}

    /// The initial values.
    public static Settings initial() {
        Settings settings = new Settings();
        for (Setting setting : Setting.values()) {
            settings.values.put(setting, setting.initial());
        }
        return settings;
    }

    /// These, with some replaced.
    public Settings with(Map<Setting, String> changes) {
        Settings settings = new Settings();
        settings.values.putAll(values);
        settings.values.putAll(changes);
        return settings;
    }

    public Settings with(Setting setting, String value) {
        return with(Map.of(setting, value));
    }

    /// By key, in the order of [Setting].
    public Map<String, String> asMap() {
        Map<String, String> map = new LinkedHashMap<>();
        values.forEach((setting, value) -> map.put(setting.key(), value));
        return map;
    }

    /// Reads what [#asMap] wrote; keys that are not known are left out.
    public static Settings ofMap(Map<String, String> map) {
        EnumMap<Setting, String> known = new EnumMap<>(Setting.class);
        map.forEach((key, value) -> Setting.named(key).ifPresent(setting -> known.put(setting, value)));
        return initial().with(known);
    }

    public String text(Setting setting) {
        String value = values.get(setting);
        return value == null ? "" : value;
    }

    /// A text that must be there.
    public String required(Setting setting) {
        String value = text(setting);
        if (value.isEmpty()) {
            throw new InvalidSetting(setting.flag() + " " + setting.placeholder() + " is missing: " + setting.help());
        }
        return value;
    }

    public Optional<Path> path(Setting setting) {
        String value = text(setting);
        return value.isEmpty() ? Optional.empty() : Optional.of(Path.of(value));
    }

    public boolean on(Setting setting) {
        return choice(setting, "on", "off").equals("on");
    }

    /// One of the words.
    public String choice(Setting setting, String... accepted) {
        String value = text(setting);
        if (!Arrays.asList(accepted).contains(value)) {
            throw new InvalidSetting(setting, value, String.join(", ", accepted));
        }
        return value;
    }

    public int integer(Setting setting, int least) {
        String value = text(setting);
        try {
            int number = Integer.parseInt(value);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw refuse(setting, value, "a whole number of " + least + " or more", e);
        }
        throw new InvalidSetting(setting, value, "a whole number of " + least + " or more");
    }

    public long seed() {
        String value = text(Setting.SEED);
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw refuse(Setting.SEED, value, "a whole number", e);
        }
    }

    /// A number from low to high, both included.
    public double real(Setting setting, double low, double high) {
        return real(setting, text(setting), low, high);
    }

    /// Numbers with commas between them.
    public double[] reals(Setting setting, double low, double high) {
        return Arrays.stream(text(setting).split(",", -1))
                .mapToDouble(part -> real(setting, part.strip(), low, high))
                .toArray();
    }

    private static double real(Setting setting, String value, double low, double high) {
        String accepted = high == Double.MAX_VALUE
                ? "a number of " + plain(low) + " or more"
                : "a number from " + plain(low) + " to " + plain(high);
        try {
            double number = Double.parseDouble(value);
            if (number >= low && number <= high) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw refuse(setting, value, accepted, e);
        }
        throw new InvalidSetting(setting, value, accepted);
    }

    private static InvalidSetting refuse(Setting setting, String value, String accepted, Exception cause) {
        InvalidSetting refusal = new InvalidSetting(setting, value, accepted);
        refusal.initCause(cause);
        return refusal;
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
    }

    /// The settings that differ from the other's, as `key=value`.
    public List<String> differences(Settings other) {
        return values.entrySet().stream()
                .filter(e -> !e.getValue().equals(other.text(e.getKey())))
                .map(e -> e.getKey().key() + "=" + e.getValue() + " (was " + other.text(e.getKey()) + ")")
                .toList();
    }
}
