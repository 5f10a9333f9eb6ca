package athanor.train;

import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.Module;
import athanor.nn.io.ModelFileProblem;
import athanor.nn.io.Safetensors;
import athanor.nn.io.StateDict;
import athanor.nn.io.TensorData;
import athanor.nn.io.TensorFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A training at one moment, as a safetensors file that other programs read too: the model's
/// parameters and buffers under torchvision's names, and under `optimizer.` and `state.` what a
/// resume needs beside them. The settings, the model and the names of the classes are texts in its
/// header.
public record Checkpoint(
        Settings settings,
        ModelSpec spec,
        List<String> classNames,
        Progress progress,
        long optimizerSteps,
        Map<String, TensorData> tensors) {
    private static final ObjectMapper JSON = new ObjectMapper();
    static final String OPTIMIZER = "optimizer.";
    static final String EMA = "state.ema.";
    static final String LOOKAHEAD = "state.lookahead.";
    private static final String PROGRESS = "state.progress";
    private static final String OPTIMIZER_STEPS = "state.optimizer_steps";

    static Checkpoint of(
            Settings settings,
            ModelSpec spec,
            List<String> classNames,
            Progress progress,
            Module model,
            Update update) {
        Map<String, TensorData> tensors = new LinkedHashMap<>(StateDict.of(model));
        update.state()
                .forEach(
                        (name, tensor) ->
                                tensors.put(
                                        name, TensorData.of(tensor.shape(), tensor.toFloats())));
        return new Checkpoint(
                settings, spec, classNames, progress, update.optimizer().steps(), tensors);
    }

    /// Of a model that came from elsewhere.
    public static Checkpoint untrained(
            Settings settings, ModelSpec spec, List<String> classNames, Module model) {
        return new Checkpoint(settings, spec, classNames, Progress.START, 0, StateDict.of(model));
    }

    /// Writes it whole or not at all.
    public void write(Path file) {
        Map<String, TensorData> all = new LinkedHashMap<>(tensors);
        double[] numbers = progress.toArray();
        all.put(PROGRESS, TensorData.of(Shape.of(numbers.length), numbers));
        all.put(OPTIMIZER_STEPS, TensorData.of(Shape.of(1), optimizerSteps));
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("format", "pt");
        texts.put("athanor.settings", json(settings.asMap()));
        texts.put(
                "athanor.model", json(List.of(spec.classes(), spec.channels(), spec.imageSize())));
        texts.put("athanor.classes", json(classNames));
        new Safetensors(texts, all).write(file);
    }

    /// Reads one that [#write] wrote. Throws [ModelFileProblem] for anything else.
    public static Checkpoint read(Path file) {
        Safetensors contents = Safetensors.read(file);
        Map<String, TensorData> tensors = new LinkedHashMap<>(contents.tensors());
        TensorData numbers = tensors.remove(PROGRESS);
        TensorData optimizerSteps = tensors.remove(OPTIMIZER_STEPS);
        if (numbers == null
                || optimizerSteps == null
                || !contents.metadata().containsKey("athanor.settings")) {
            throw new ModelFileProblem(
                    file
                            + ": it holds tensors, but is no checkpoint of athanor; use it with --init FILE instead");
        }
        Settings settings =
                Settings.ofMap(parse(file, contents, "athanor.settings", new TypeReference<>() {}));
        List<Integer> sizes = parse(file, contents, "athanor.model", new TypeReference<>() {});
        return new Checkpoint(
                settings,
                ModelSpec.of(settings, sizes.get(0), sizes.get(1), sizes.get(2)),
                parse(file, contents, "athanor.classes", new TypeReference<>() {}),
                Progress.of(numbers.doubles()),
                optimizerSteps.longs()[0],
                tensors);
    }

    /// The model it is of, with its parameters; with the moving average of them where there is one.
    public Module model() {
        Module model = spec.create();
        StateDict.load(model, tensors, "the checkpoint");
        tensors.forEach(
                (name, data) -> {
                    if (name.startsWith(EMA)) {
                        model.parameter(name.substring(EMA.length()))
                                .assign(HostBuffer.of(data.floats()));
                    }
                });
        return model;
    }

    /// Puts a training where this one was.
    void restore(Module model, Update update) {
        Map<String, Tensor> state = update.state();
        state.forEach(
                (name, tensor) -> {
                    TensorData data = tensors.get(name);
                    if (data == null || !data.shape().equals(tensor.shape())) {
                        throw new TrainingProblem(
                                "--resume: the checkpoint has no %s of shape %s; resume with the %s that wrote it"
                                        .formatted(
                                                name,
                                                tensor.shape(),
                                                name.startsWith(OPTIMIZER)
                                                        ? "--optimizer"
                                                        : "--ema and --lookahead"));
                    }
                });
        for (String name : tensors.keySet()) {
            boolean isState = name.startsWith(OPTIMIZER) || name.startsWith("state.");
            if (isState && !state.containsKey(name)) {
                throw new TrainingProblem(
                        "--resume: the checkpoint holds %s, for which this training has no place; resume with the %s that wrote it"
                                .formatted(
                                        name,
                                        name.startsWith(OPTIMIZER)
                                                ? "--optimizer and --momentum"
                                                : "--ema and --lookahead"));
            }
        }
        StateDict.load(model, tensors, "the checkpoint");
        state.forEach(
                (name, tensor) ->
                        Optional.ofNullable(tensors.get(name))
                                .ifPresent(
                                        data ->
                                                tensor.backend()
                                                        .copy(
                                                                HostBuffer.of(data.floats()),
                                                                tensor.buffer(),
                                                                tensor.size())));
        update.optimizer().resumeAt(optimizerSteps);
    }

    /// Takes the parameters of any model file (a checkpoint too) that fits the model.
    static void loadParameters(Path file, Module model) {
        StateDict.load(model, TensorFile.read(file), file.toString());
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static <T> T parse(Path file, Safetensors contents, String key, TypeReference<T> type) {
        try {
            return JSON.readValue(contents.metadata().getOrDefault(key, ""), type);
        } catch (JsonProcessingException e) {
            throw new ModelFileProblem(
                    file + ": its " + key + " cannot be read; the file is damaged");
        }
    }
}
