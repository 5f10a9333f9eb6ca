package athanor.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Looks for a Java that can run the program, as the launcher script does.
final class JavaHome {
    static final int NEEDED = 25;
    private static final String MODULE = "jdk.incubator.vector";
    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(\\d+)");
    private static final Pattern MODULES = Pattern.compile("(?m)^MODULES=\"([^\"]*)\"");

    private JavaHome() {}

    /// The first that fits: the one that is asked for, JAVA_HOME, the one on the path, those in the
    /// usual folders.
    static Optional<Path> find(Map<String, String> environment, Path userHome) {
        List<Path> homes = new ArrayList<>();
        asked(environment, "ATHANOR_JAVA", homes);
        asked(environment, "JAVA_HOME", homes);
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (!folder.isEmpty()) {
                homeOf(Path.of(folder, "java")).ifPresent(homes::add);
            }
        }
        inside(Path.of("/usr/lib/jvm"), "", homes);
        inside(Path.of("/opt"), "", homes);
        inside(userHome.resolve(".sdkman/candidates/java"), "", homes);
        inside(userHome.resolve(".jdks"), "", homes);
        inside(Path.of("/Library/Java/JavaVirtualMachines"), "Contents/Home", homes);
        return homes.stream().filter(JavaHome::fits).findFirst();
    }

    /// Whether a folder holds a Java that is new enough and has the vector module, by its file
    /// `release`.
    static boolean fits(Path home) {
        if (!Files.isExecutable(home.resolve("bin/java"))) {
            return false;
        }
        try {
            String release = Files.readString(home.resolve("release"));
            Matcher version = VERSION.matcher(release);
            Matcher modules = MODULES.matcher(release);
            return version.find()
                    && Integer.parseInt(version.group(1)) >= NEEDED
                    && (!modules.find() || List.of(modules.group(1).split(" ")).contains(MODULE));
        } catch (IOException e) {
            return false;
        }
    }

    /// A variable may name the home or its `java`.
    private static void asked(Map<String, String> environment, String variable, List<Path> homes) {
        String value = environment.getOrDefault(variable, "");
        if (!value.isEmpty()) {
            homes.add(Path.of(value));
            homeOf(Path.of(value)).ifPresent(homes::add);
        }
    }

    private static Optional<Path> homeOf(Path java) {
        try {
            Path bin = java.toRealPath().getParent();
            return bin == null ? Optional.empty() : Optional.ofNullable(bin.getParent());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void inside(Path folder, String below, List<Path> homes) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            List<Path> found = new ArrayList<>();
            entries.forEach(entry -> found.add(entry.resolve(below)));
            found.sort(null);
            homes.addAll(found);
        } catch (IOException e) {
            // Not there: nothing to look at.
        }
    }
}
