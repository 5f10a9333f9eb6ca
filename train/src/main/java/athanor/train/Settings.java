package athanor.train;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The values of all [Setting]s as text. [#check] holds each to what its setting takes.
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
        map.forEach(
                (key, value) -> Setting.named(key).ifPresent(setting -> known.put(setting, value)));
        return initial().with(known);
    }

    /// Throws [InvalidSetting] for the first value that its setting does not take; returns these
    /// settings.
    public Settings check() {
        values.forEach(
                (setting, value) -> {
                    if (!setting.kind().accepts(value)) {
                        throw new InvalidSetting(setting, value, setting.kind().toString());
                    }
                });
        return this;
    }

    public String text(Setting setting) {
        String value = values.get(setting);
        return value == null ? "" : value;
    }

    /// A text that must be there.
    public String required(Setting setting) {
        String value = text(setting);
        if (value.isEmpty()) {
            throw new InvalidSetting(
                    setting.flag()
                            + " "
                            + setting.placeholder()
                            + " is missing: "
                            + setting.help());
        }
        return value;
    }

    public Optional<Path> path(Setting setting) {
        String value = text(setting);
        return value.isEmpty() ? Optional.empty() : Optional.of(Path.of(value));
    }

    public boolean on(Setting setting) {
        return checked(setting).equals("on");
    }

    /// One of the words that the setting takes.
    public String word(Setting setting) {
        return checked(setting);
    }

    public int whole(Setting setting) {
        return Integer.parseInt(checked(setting));
    }

    public long seed() {
        return Long.parseLong(checked(Setting.SEED));
    }

    public double real(Setting setting) {
        return Double.parseDouble(checked(setting));
    }

    /// Numbers with commas between them, each from low to high.
    public double[] reals(Setting setting, double low, double high) {
        Kind kind = new Kind.Real(low, high, true);
        String value = text(setting);
        if (!kind.accepts(value)) {
            throw new InvalidSetting(setting, value, kind.toString());
        }
        return Arrays.stream(value.split(",", -1)).mapToDouble(Double::parseDouble).toArray();
    }

    private String checked(Setting setting) {
        String value = text(setting);
        if (!setting.kind().accepts(value)) {
            throw new InvalidSetting(setting, value, setting.kind().toString());
        }
        return value;
    }
}
