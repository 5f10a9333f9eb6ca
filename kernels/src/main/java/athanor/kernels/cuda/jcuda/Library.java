package athanor.kernels.cuda.jcuda;

import athanor.kernels.cuda.CudaUnavailable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.LogLevel;
import jcuda.jcublas.JCublas2;
import jcuda.jcudnn.JCudnn;
import org.jspecify.annotations.Nullable;

/// NVIDIA's libraries, and how each is loaded with JCuda's glue to it.
public final class Library {
    public static final Library DRIVER =
            new Library(
                    List.of("libcuda.so.1"),
                    "install the NVIDIA driver, 525 or later; it brings this file",
                    () -> {
                        jcuda.driver.JCudaDriver.setExceptionsEnabled(false);
                        jcuda.driver.JCudaDriver.setLogLevel(LogLevel.LOG_QUIET);
                    });
    public static final Library BLAS =
            new Library(
                    List.of("libcublasLt.so.12", "libcublas.so.12"),
                    "install CUDA 12's cuBLAS, or put it into a folder that ATHANOR_CUDA_LIBRARIES names",
                    () -> {
                        JCublas2.setExceptionsEnabled(false);
                        JCublas2.setLogLevel(LogLevel.LOG_QUIET);
                    });
    public static final Library DNN =
            new Library(
                    List.of("libcudnn.so.8"),
                    "install cuDNN 8.9 for CUDA 12, not 9, or put it into a folder that"
                            + " ATHANOR_CUDA_LIBRARIES names",
                    () -> {
                        JCudnn.setExceptionsEnabled(false);
                        JCudnn.setLogLevel(LogLevel.LOG_QUIET);
                    });

    private static final Pattern REASON =
            Pattern.compile("UnsatisfiedLinkError: (?:\\S+\\.so\\S*: )?(.*)");

    private final List<String> files;
    private final String remedy;
    private final Runnable glue;
    private boolean tried;
    private @Nullable String failure;

    private Library(List<String> files, String remedy, Runnable glue) {
        this.files = files;
        this.remedy = remedy;
        this.glue = glue;
    }

    /// Loads it, once; what failed the first time fails again with the same words.
    ///
    /// @throws CudaUnavailable where it cannot be loaded
    public synchronized void load() {
        if (!tried) {
            tried = true;
            failure = attempt();
        }
        if (failure != null) {
            throw new CudaUnavailable(failure);
        }
    }

    /// The file that is missing most when this library is.
    public String file() {
        return files.getLast();
    }

    /// Where the file is, as far as this class looks by itself; the system may know other places.
    public @Nullable Path find() {
        return find(file());
    }

    @SuppressWarnings("restricted")
    private @Nullable String attempt() {
        try {
            for (String name : files) {
                Path path = find(name);
                if (path != null) {
                    // Once it is there, JCuda's glue finds it by name.
                    System.load(path.toString());
                }
            }
            extractTo(Files.createTempDirectory("athanor-natives"), glue);
            return null;
        } catch (LinkageError e) {
            return "%s cannot be loaded: %s; looked in %s and where the system looks; found %s. To mend it: %s"
                    .formatted(file(), reason(e), directories(), similar(), remedy);
        } catch (IOException e) {
            return "%s cannot be loaded: its glue cannot be written to a folder of its own in %s (%s); -Djava.io.tmpdir=DIR names another"
                    .formatted(file(), System.getProperty("java.io.tmpdir"), e.getMessage());
        }
    }

    /// JCuda writes its glue to the folder that `java.io.tmpdir` names, and trusts any file of that
    /// name that is there already. So it gets a new folder, which goes away when the glue is
    /// loaded: the system keeps what is mapped.
    private static void extractTo(Path folder, Runnable glue) throws IOException {
        synchronized (Library.class) {
            String before = System.getProperty("java.io.tmpdir");
            System.setProperty("java.io.tmpdir", folder.toString());
            try {
                glue.run();
            } finally {
                System.setProperty("java.io.tmpdir", before);
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        }
    }

    /// What the system's loader said. JCuda wraps it in a page of text with two traces, of which
    /// the last tells about the file that matters.
    private static String reason(LinkageError e) {
        String text = e.getClass().getSimpleName() + ": " + e.getMessage();
        return REASON.matcher(text)
                .results()
                .reduce((first, second) -> second)
                .map((MatchResult match) -> match.group(1))
                .orElse(Objects.requireNonNullElse(e.getMessage(), text).lines().findFirst().get())
                .strip();
    }

    private static List<Path> directories() {
        List<Path> directories = new ArrayList<>();
        addAll(directories, System.getenv("ATHANOR_CUDA_LIBRARIES"));
        addAll(directories, System.getenv("LD_LIBRARY_PATH"));
        String home = System.getenv("CUDA_HOME");
        if (home != null) {
            addAll(directories, home + "/lib64");
        }
        addAll(
                directories,
                "/usr/local/cuda/lib64:/usr/local/cuda-12/lib64:/usr/lib/x86_64-linux-gnu:/usr/lib64:/usr/lib/wsl/lib");
        return directories;
    }

    private static void addAll(List<Path> directories, @Nullable String list) {
        if (list == null) {
            return;
        }
        for (String name : list.split(File.pathSeparator)) {
            Path directory = Path.of(name).toAbsolutePath();
            if (Files.isDirectory(directory) && !directories.contains(directory)) {
                directories.add(directory);
            }
        }
    }

    private static @Nullable Path find(String name) {
        for (Path directory : directories()) {
            Path path = directory.resolve(name);
            if (Files.exists(path)) {
                return path;
            }
        }
        return null;
    }

    /// Files of other versions, by which a person sees that the wrong one is installed.
    private String similar() {
        String stem = file().substring(0, file().indexOf(".so") + 3);
        List<String> found = new ArrayList<>();
        for (Path directory : directories()) {
            try (Stream<Path> files = Files.list(directory)) {
                files.filter(path -> path.getFileName().toString().startsWith(stem))
                        .map(Path::toString)
                        .sorted()
                        .forEach(found::add);
            } catch (IOException e) {
                found.add(directory + " unreadable");
            }
        }
        return found.isEmpty() ? "no " + stem + " of any version" : String.join(", ", found);
    }
}
