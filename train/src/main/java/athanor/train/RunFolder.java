package athanor.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The folder of a run: `config.json`, `metrics.jsonl` and `metrics.csv` (a line an epoch),
/// `steps.jsonl` (a line every print-freq steps), `checkpoints/`; and what `athanor.train.report`
/// adds. Lines are on disk before the
/// checkpoint that follows them.
public final class RunFolder {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final ObjectMapper LINE = new ObjectMapper();
    private static final Pattern STEP_FILE = Pattern.compile("step-(\\d+)\\.safetensors");
    private static final Pattern UNFINISHED =
            Pattern.compile(
                    "((config|metrics|steps)\\.(jsonl?|csv)|\\w[\\w-]*\\.safetensors(\\.[\\w-]+)?)\\.part");
    private static final List<String> LOGS = List.of("steps.jsonl", "metrics.jsonl", "metrics.csv");
    private static final int KEPT_STEPS = 3;
    private static final List<String> COLUMNS =
            List.of(
                    "epoch",
                    "step",
                    "lr",
                    "train_loss",
                    "train_acc1",
                    "test_loss",
                    "test_acc1",
                    "test_acc5",
                    "images_per_s",
                    "seconds",
                    "peak_memory_bytes");

    private final Path folder;

    private RunFolder(Path folder) {
        this.folder = folder;
    }

    /// A new run in an empty or missing folder; one that holds something is refused.
    public static RunFolder create(Path folder) {
        if (isOccupied(folder)) {
            throw new InvalidSetting(
                    "--out "
                            + folder
                            + ": the folder is not empty; choose another, or --resume auto to go on with the run in it");
        }
        return open(folder);
    }

    /// The folder as it is; made if it is missing.
    public static RunFolder open(Path folder) {
        RunFolder run = new RunFolder(folder);
        try {
            Files.createDirectories(run.checkpoints());
        } catch (IOException e) {
            throw new TrainingProblem(
                    "--out " + folder + ": the folder cannot be made (" + reason(e) + ")", e);
        }
        return run;
    }

    private static boolean isOccupied(Path folder) {
        if (!Files.exists(folder)) {
            return false;
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.findAny().isPresent();
        } catch (IOException e) {
            throw new TrainingProblem(
                    "--out " + folder + ": cannot be read as a folder (" + reason(e) + ")", e);
        }
    }

    public Path path() {
        return folder;
    }

    public Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    public Path last() {
        return checkpoints().resolve("last.safetensors");
    }

    public Path best() {
        return checkpoints().resolve("best.safetensors");
    }

    public Path ofStep(long step) {
        return checkpoints().resolve("step-" + step + ".safetensors");
    }

    /// Writes config.json, whole or not at all.
    public void writeConfig(Map<String, Object> config) {
        replace(
                folder.resolve("config.json"),
                unfinished -> Files.write(unfinished, JSON.writeValueAsBytes(config)));
    }

    /// Writes a file of that name, whole or not at all; returns where it lies.
    public Path write(String name, byte[] contents) {
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw problem(file, e);
        }
        replace(file, unfinished -> Files.write(unfinished, contents));
        return file;
    }

    public void logStep(
            int epoch, long step, double loss, double learningRate, double imagesPerSecond) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("epoch", epoch);
        line.put("step", step);
        line.put("loss", loss);
        line.put("lr", learningRate);
        line.put("images_per_s", imagesPerSecond);
        append("steps.jsonl", json(line));
    }

    public void logEpoch(EpochMetrics metrics) {
        Map<String, Object> line = columns(metrics);
        append("metrics.jsonl", json(line));
        if (!Files.exists(folder.resolve("metrics.csv"))) {
            append("metrics.csv", String.join(",", COLUMNS));
        }
        append("metrics.csv", csv(line));
    }

    /// Brings the lines so far to the disk itself.
    public void forceLogs() {
        for (String name : LOGS) {
            Path file = folder.resolve(name);
            try {
                if (Files.exists(file)) {
                    force(file);
                }
            } catch (IOException e) {
                throw problem(file, e);
            }
        }
    }

    /// Takes back the lines of steps and epochs that a run which goes on from here will write
    /// again, and a cut-off line.
    public void cutBackTo(Progress progress) {
        rewrite("steps.jsonl", linesUpTo("steps.jsonl", "step", progress.step()));
        List<String> epochs = linesUpTo("metrics.jsonl", "epoch", progress.epoch());
        rewrite("metrics.jsonl", epochs);
        List<String> rows = new ArrayList<>();
        if (!epochs.isEmpty()) {
            rows.add(String.join(",", COLUMNS));
            epochs.forEach(l -> rows.add(csv(parse(l).orElseThrow())));
        }
        rewrite("metrics.csv", rows);
    }

    private List<String> linesUpTo(String name, String field, long limit) {
        return lines(name).stream()
                .filter(
                        line ->
                                parse(line)
                                        .map(
                                                fields ->
                                                        fields.get(field) instanceof Number number
                                                                && number.longValue() <= limit)
                                        .orElse(false))
                .toList();
    }

    /// The checkpoints of a run, the one to go on from first: the last, then those of steps, the
    /// newest first.
    static List<Path> checkpointsIn(Path folder) {
        RunFolder run = new RunFolder(folder);
        List<Path> files = new ArrayList<>();
        if (Files.exists(run.last())) {
            files.add(run.last());
        }
        if (Files.isDirectory(run.checkpoints())) {
            files.addAll(run.stepFiles());
        }
        return files;
    }

    /// Deletes what a run that was killed left unfinished.
    public void sweep() {
        for (Path place : List.of(folder, checkpoints())) {
            try (Stream<Path> inside = Files.list(place)) {
                delete(inside.filter(RunFolder::isUnfinished).toList());
            } catch (IOException e) {
                throw problem(place, e);
            }
        }
    }

    private static boolean isUnfinished(Path file) {
        return UNFINISHED.matcher(file.getFileName().toString()).matches();
    }

    /// Copies a checkpoint within the folder, whole or not at all.
    public void copy(Path from, Path to) {
        replace(
                to,
                unfinished -> Files.copy(from, unfinished, StandardCopyOption.REPLACE_EXISTING));
    }

    @FunctionalInterface
    private interface Writer {
        void writeTo(Path file) throws IOException;
    }

    /// Writes to a file beside it, which then takes its name.
    private static void replace(Path file, Writer writer) {
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        try {
            writer.writeTo(unfinished);
            force(unfinished);
            Files.move(
                    unfinished,
                    file,
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            discard(unfinished);
            throw problem(file, e);
        }
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void discard(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            // What matters is the failure before this one.
        }
    }

    /// Of the step checkpoints up to this step, deletes all but the newest. Later ones are there
    /// where a run went on from before them.
    public void pruneUpTo(long step) {
        List<Path> steps =
                stepFiles().stream()
                        .filter(file -> stepOf(file).filter(s -> s <= step).isPresent())
                        .toList();
        delete(steps.subList(Math.min(KEPT_STEPS, steps.size()), steps.size()));
    }

    /// Deletes the step checkpoints behind this step.
    public void dropAfter(long step) {
        delete(
                stepFiles().stream()
                        .filter(file -> stepOf(file).filter(s -> s > step).isPresent())
                        .toList());
    }

    private static void delete(List<Path> files) {
        for (Path file : files) {
            try {
                Files.delete(file);
            } catch (IOException e) {
                throw problem(file, e);
            }
        }
    }

    /// Newest first.
    private List<Path> stepFiles() {
        try (Stream<Path> inside = Files.list(checkpoints())) {
            return inside.filter(file -> stepOf(file).isPresent())
                    .sorted(Comparator.comparing((Path f) -> stepOf(f).orElseThrow()).reversed())
                    .toList();
        } catch (IOException e) {
            throw problem(checkpoints(), e);
        }
    }

    private static Optional<Long> stepOf(Path file) {
        Matcher matcher = STEP_FILE.matcher(file.getFileName().toString());
        return matcher.matches() ? Optional.of(Long.parseLong(matcher.group(1))) : Optional.empty();
    }

    private static Map<String, Object> columns(EpochMetrics metrics) {
        Map<String, Object> line = new LinkedHashMap<>();
        COLUMNS.forEach(column -> line.put(column, null));
        line.put("epoch", metrics.epoch());
        line.put("step", metrics.step());
        line.put("lr", metrics.learningRate());
        line.put("train_loss", metrics.trainLoss());
        line.put("train_acc1", metrics.trainAccuracy());
        metrics.test()
                .ifPresent(
                        test -> {
                            line.put("test_loss", test.loss());
                            line.put("test_acc1", test.accuracy1());
                            line.put("test_acc5", test.accuracy5());
                        });
        line.put("images_per_s", metrics.imagesPerSecond());
        line.put("seconds", metrics.seconds());
        line.put("peak_memory_bytes", metrics.peakMemoryBytes());
        return line;
    }

    private static String csv(Map<String, Object> line) {
        List<String> fields = new ArrayList<>();
        for (String column : COLUMNS) {
            Object value = line.get(column);
            fields.add(value == null ? "" : value.toString());
        }
        return String.join(",", fields);
    }

    @SuppressWarnings("unchecked")
    private static Optional<Map<String, Object>> parse(String line) {
        try {
            return Optional.of(LINE.readValue(line, LinkedHashMap.class));
        } catch (JsonProcessingException e) {
            return Optional.empty(); // The line was cut off when the run was.
        }
    }

    private static String json(Map<String, Object> line) {
        try {
            return LINE.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void append(String name, String line) {
        Path file = folder.resolve(name);
        try {
            Files.writeString(
                    file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw problem(file, e);
        }
    }

    private List<String> lines(String name) {
        try {
            return Files.readAllLines(folder.resolve(name));
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw problem(folder.resolve(name), e);
        }
    }

    private void rewrite(String name, List<String> lines) {
        Path file = folder.resolve(name);
        if (!lines.isEmpty()) {
            replace(file, unfinished -> Files.write(unfinished, lines));
            return;
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw problem(file, e);
        }
    }

    private static TrainingProblem problem(Path file, IOException e) {
        return new TrainingProblem(
                file
                        + " cannot be written ("
                        + reason(e)
                        + "); make room or choose another --out, then --resume auto",
                e);
    }

    /// The cause in words; of many exceptions the message is the name of a file alone.
    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "access is denied";
            case NoSuchFileException missing -> missing.getFile() + " is missing";
            case NotDirectoryException other -> other.getFile() + " is not a folder";
            case FileAlreadyExistsException other -> other.getFile() + " is in the way";
            default -> String.valueOf(e.getMessage());
        };
    }
}
