package athanor.cli;

import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Settings that belong together, as text: lines of `key = value`, and comments behind `#`. The
/// first comment describes the recipe.
record Recipe(String name, String description, Map<Setting, String> values) {
    /// Those in the jar, the one that `athanor train` alone runs first.
    static final List<String> NAMES =
            List.of(
                    "first-run",
                    "cnn-mnist",
                    "alexnet-mnist",
                    "resnet50-mnist",
                    "resnet20-cifar10",
                    "resnet18-cifar10",
                    "resnet50-cifar10",
                    "resnet50-cifar10-article",
                    "cifar10-94",
                    "resnet50-imagenet");

    private static final long MOST_BYTES = 1_000_000;

    Recipe {
        values = Map.copyOf(values);
    }

    /// The recipe of that name, or in that file.
    static Recipe of(String nameOrFile) {
        if (NAMES.contains(nameOrFile)) {
            return parse(nameOrFile, text(nameOrFile));
        }
        Path file = Path.of(nameOrFile);
        if (!Files.exists(file)) {
            throw unknown(nameOrFile);
        }
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new InvalidSetting(
                        "--recipe " + nameOrFile + ": is too long a file to be a recipe");
            }
            return parse(nameOrFile, Files.readString(file));
        } catch (IOException e) {
            throw new InvalidSetting(
                    "--recipe " + nameOrFile + ": is not a text file that can be read");
        }
    }

    /// The text of a recipe in the jar.
    static String text(String name) {
        if (!NAMES.contains(name)) {
            throw unknown(name);
        }
        return StoredText.of("/athanor/recipes/" + name + ".recipe");
    }

    private static InvalidSetting unknown(String given) {
        return new InvalidSetting(
                "--recipe "
                        + given
                        + ": there is no such recipe and no such file"
                        + Nearest.hint(given, NAMES)
                        + " (athanor recipes lists them)");
    }

    static Recipe parse(String source, String text) {
        Map<Setting, String> values = new EnumMap<>(Setting.class);
        String description = "";
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.startsWith("#") && description.isEmpty()) {
                description = line.substring(1).strip();
            } else if (!line.isEmpty() && !line.startsWith("#")) {
                try {
                    put(line, values);
                } catch (InvalidSetting e) {
                    throw problem(source, i + 1, e);
                }
            }
        }
        return new Recipe(source, description, values);
    }

    private static void put(String line, Map<Setting, String> values) {
        int equals = line.indexOf('=');
        if (equals < 0) {
            throw new InvalidSetting(
                    "'"
                            + shown(line)
                            + "' is not of the form key = value; a comment begins with #");
        }
        String key = line.substring(0, equals).strip();
        String value = line.substring(equals + 1).strip();
        Setting setting = Setting.named(key).orElseThrow(() -> unknownKey(key));
        if (values.put(setting, value) != null) {
            throw new InvalidSetting(shown(key) + " is there twice; keep one of the lines");
        }
        Settings.initial().with(setting, value).check();
    }

    /// The beginning of what may be of any length and kind.
    private static String shown(String text) {
        return text.substring(0, Math.min(60, text.length())).replaceAll("\\p{Cntrl}", "?");
    }

    private static InvalidSetting unknownKey(String key) {
        List<String> known = Arrays.stream(Setting.values()).map(Setting::key).toList();
        return new InvalidSetting(
                "unknown key '"
                        + shown(key)
                        + "'"
                        + Nearest.hint(shown(key), known)
                        + " (keys are the flags of athanor train, without --)");
    }

    private static InvalidSetting problem(String source, int line, InvalidSetting cause) {
        InvalidSetting problem =
                new InvalidSetting("%s, line %d: %s".formatted(source, line, cause.getMessage()));
        problem.initCause(cause);
        return problem;
    }
}
