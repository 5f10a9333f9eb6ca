package athanor.cli;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Where the program starts, on any Java from 11 on. It answers questions for help itself. If this
/// JVM can run the program, it does; else it starts one that can, and passes signals and the exit
/// code through.
///
/// (A manifest cannot add the vector module on JDK 25; that is why `java -jar` needs a second JVM.)
public final class Entry {
    private static final String STDERR = "athanor.stderr";
    /// `$0` is the JVM; file descriptor 3 becomes the standard error that Entry puts back.
    private static final String HIDING =
            "[ -t 2 ] && set -- -Dathanor.terminal=true \"$@\"; "
                    + "[ -t 1 ] && set -- -Dathanor.colour=true \"$@\"; exec \"$0\" \"$@\" 3>&2 2>/dev/null";

    /// Flags of which a JVM has nothing to say on standard error.
    private static final Predicate<String> QUIET =
            Pattern.compile("-D.*|-Xm[xs]\\d+[kKmMgG]?").asMatchPredicate();

    private static final String LINUX = "Linux: ";

    private static final List<String> HELP = List.of("--help", "-h", "help");

    private Entry() {}

    public static void main(String[] args) throws Exception {
        restoreStandardError();
        if (args.length == 0 || (args.length == 1 && HELP.contains(args[0]))) {
            System.out.print(StoredText.of("help.txt"));
        } else if (args.length == 1 && args[0].equals("--version")) {
            System.out.print(StoredText.of("version.txt"));
        } else if (!args[0].startsWith("-") && !commands().contains(args[0])) {
            System.err.println(unknownCommand(args[0]));
            System.exit(2);
        } else if (canRunTheProgram()) {
            // By name: the program is compiled for a later Java than this class.
            Class.forName("athanor.cli.Athanor")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) args);
        } else {
            System.exit(runInChild(args));
        }
    }

    static String unknownCommand(String given) {
        return "athanor: unknown command '"
                + given
                + "'"
                + Nearest.hint(given, commands())
                + " (athanor --help lists them)";
    }

    /// The words that the stored help lists as commands.
    static List<String> commands() {
        List<String> names = new ArrayList<>();
        String help = StoredText.of("help.txt");
        for (String line : help.substring(help.indexOf("Commands:")).split("\n")) {
            if (line.startsWith("  ") && !line.startsWith("   ")) {
                names.add(line.strip().split("\\s", 2)[0]);
            }
        }
        return names;
    }

    private static boolean canRunTheProgram() {
        return Runtime.version().feature() >= JavaHome.NEEDED
                && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    private static int runInChild(String[] args) throws IOException, InterruptedException {
        Path own = Path.of(System.getProperty("java.home"));
        Optional<Path> home =
                JavaHome.fits(own)
                        ? Optional.of(own)
                        : JavaHome.find(System.getenv(), Path.of(System.getProperty("user.home")));
        if (home.isEmpty()) {
            System.err.println(
                    "athanor: no Java 25 or later was found (this is Java "
                            + Runtime.version().feature()
                            + "); install one (https://adoptium.net) or set ATHANOR_JAVA to its folder");
            return 1;
        }
        Process child = new ProcessBuilder(command(home.get(), args)).inheritIO().start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(child)));
        return child.waitFor();
    }

    private static List<String> command(Path home, String[] args) {
        List<String> given = given();
        boolean hides = given.stream().allMatch(QUIET) && Files.isExecutable(Path.of("/bin/sh"));
        String java = home.resolve("bin/java").toString();
        List<String> command =
                new ArrayList<>(hides ? List.of("/bin/sh", "-c", HIDING, java) : List.of(java));
        for (String flag : StoredText.linesOf("jvm.flags")) {
            if (!flag.startsWith(LINUX)) {
                command.add(flag);
            } else if (System.getProperty("os.name").equals("Linux")) {
                command.add(flag.substring(LINUX.length()));
            }
        }
        command.addAll(given);
        if (hides) {
            command.add("-D" + STDERR + "=3");
        }
        command.add("-Dathanor.command=java -jar " + System.getProperty("java.class.path"));
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Entry.class.getName()));
        command.addAll(Arrays.asList(args));
        return command;
    }

    /// The flags that the user chose: this JVM's, and those of the environment.
    private static List<String> given() {
        List<String> given = new ArrayList<>();
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // Agents belong to one JVM: a debugger's port, for one, is taken.
            if (!flag.startsWith("-agent") && !flag.startsWith("-javaagent")) {
                given.add(flag);
            }
        }
        for (String flag :
                Optional.ofNullable(System.getenv("ATHANOR_JAVA_OPTS")).orElse("").split("\\s+")) {
            if (!flag.isEmpty()) {
                given.add(flag);
            }
        }
        return given;
    }

    private static void end(Process child) {
        child.destroy();
        boolean interrupted = true;
        while (interrupted) {
            try {
                child.waitFor();
                interrupted = false;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    /// The JVM warns of the incubator module at each start. So the launcher gives it a standard
    /// error that leads nowhere, and the real one as a further file descriptor, which is put in
    /// place here.
    private static void restoreStandardError() throws ReflectiveOperationException {
        Integer real = Integer.getInteger(STDERR);
        if (real != null) {
            Constructor<FileDescriptor> open =
                    FileDescriptor.class.getDeclaredConstructor(int.class);
            open.setAccessible(true);
            System.setErr(new PrintStream(new FileOutputStream(open.newInstance(real)), true));
        }
    }

    /// Where this program's jar (or folder of classes) lies.
    static Path location() {
        return Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0])
                .toAbsolutePath();
    }
}
