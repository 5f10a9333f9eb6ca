package athanor.train.report;

import athanor.train.TrainingProblem;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// What a run folder tells, for the page that shows it.
///
/// @param config as in config.json
/// @param epochs the lines of metrics.jsonl
/// @param steps the lines of steps.jsonl, or means of neighbours where there are many
/// @param evaluation what [Findings] wrote; null before the first
record RunData(
        String name,
        JsonNode config,
        List<JsonNode> epochs,
        List<JsonNode> steps,
        JsonNode evaluation) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_STEPS = 800;
    private static final List<String> STEP_FIELDS = List.of("step", "loss", "lr", "images_per_s");
    private static final List<String> FILES =
            List.of("config.json", "metrics.jsonl", "steps.jsonl", Findings.FILE);

    static boolean isRun(Path folder) {
        return Files.isRegularFile(folder.resolve("config.json"));
    }

    /// The run in a folder, or those in its subfolders. Throws where there is none.
    static List<Path> runsIn(Path folder) {
        if (isRun(folder)) {
            return List.of(folder);
        }
        if (!Files.isDirectory(folder)) {
            throw new TrainingProblem(folder + ": there is no such folder; check the name");
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(RunData::isRun).sorted().toList();
        } catch (IOException e) {
            throw new TrainingProblem(folder + ": cannot be read as a folder (" + e + ")", e);
        }
    }

    /// Reads a run, which may be under way: a line that is not whole yet is left out.
    static RunData read(String name, Path folder) {
        if (!isRun(folder)) {
            throw new TrainingProblem(
                    folder
                            + ": no run, there is no config.json in it; name a folder that train wrote");
        }
        return new RunData(
                name,
                json(folder.resolve("config.json")),
                lines(folder.resolve("metrics.jsonl")),
                thinned(lines(folder.resolve("steps.jsonl"))),
                json(folder.resolve(Findings.FILE)));
    }

    /// Changes whenever one of the files does.
    static String stamp(Path folder) {
        StringBuilder stamp = new StringBuilder();
        for (String name : FILES) {
            Path file = folder.resolve(name);
            try {
                stamp.append(Files.size(file)).append('/');
                stamp.append(Files.getLastModifiedTime(file).toMillis()).append(' ');
            } catch (IOException e) {
                stamp.append("- "); // It is not there yet.
            }
        }
        return stamp.toString();
    }

    /// For the page.
    ObjectNode toJson() {
        ObjectNode run = JSON.createObjectNode();
        run.put("name", name);
        run.set("config", config);
        run.putArray("epochs").addAll(epochs);
        ObjectNode columns = run.putObject("steps");
        for (String field : STEP_FIELDS) {
            ArrayNode column = columns.putArray(field);
            steps.forEach(step -> column.add(step.path(field)));
        }
        run.set("evaluation", evaluation);
        return run;
    }

    private static List<JsonNode> thinned(List<JsonNode> steps) {
        int together = (steps.size() + MOST_STEPS - 1) / MOST_STEPS;
        if (together <= 1) {
            return steps;
        }
        List<JsonNode> thinned = new ArrayList<>();
        for (int from = 0; from < steps.size(); from += together) {
            List<JsonNode> group = steps.subList(from, Math.min(from + together, steps.size()));
            ObjectNode mean = JSON.createObjectNode();
            for (String field : STEP_FIELDS) {
                double sum = 0;
                for (JsonNode step : group) {
                    sum += step.path(field).asDouble();
                }
                mean.put(field, sum / group.size());
            }
            thinned.add(mean);
        }
        return thinned;
    }

    private static List<JsonNode> lines(Path file) {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : text(file).lines().toList()) {
            JsonNode parsed = parse(line);
            if (parsed.isObject()) {
                lines.add(parsed);
            }
        }
        return lines;
    }

    private static JsonNode json(Path file) {
        JsonNode parsed = parse(text(file));
        return parsed.isObject() ? parsed : JSON.nullNode();
    }

    private static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return JSON.nullNode(); // It is being written.
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new TrainingProblem(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
