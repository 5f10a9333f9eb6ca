package athanor.train;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Tensor;
import athanor.engine.backend.Cuda;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Dropout;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.train.data.Augmentation;
import athanor.train.data.DataLoader;
import athanor.train.data.Dataset;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import athanor.train.data.ImageShape;
import athanor.train.data.Normalization;
import athanor.train.data.Split;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A training made ready from its settings: data, model, optimizer, run folder. Everything is
/// checked, and a checkpoint to go on from is read, before the first file is written.
public final class TrainingRun {
    private final Settings settings;
    private final Module model;
    private final ModelSpec spec;
    private final Optimizer optimizer;
    private final Backend backend;
    private final DataLoader training;
    private final RunFolder folder;
    private final Trainer trainer;
    private final Progress start;

    private TrainingRun(
            Settings settings, Map<String, Object> about, List<TrainingEvent.Listener> listeners) {
        this.settings = settings.check();
        backend = backend(settings);
        Parallel.threads(threads(settings));
        Dataset trainingSet = dataset(settings, Split.TRAIN);
        training = trainingLoader(settings, trainingSet);
        Evaluator test =
                new Evaluator(testLoader(settings, dataset(settings, Split.TEST)), backend);
        ImageShape image = training.shape();
        spec = ModelSpec.of(settings, trainingSet.classes(), image.channels(), image.height());
        model = spec.create();
        setDropout(settings, model);
        model.to(backend, DType.FLOAT32);
        model.initialize(PhiloxKey.of(settings.seed()).derive("initialization"));
        settings.path(Setting.INIT).ifPresent(file -> Checkpoint.loadParameters(file, model));
        optimizer = Optimizer.of(settings, trainable(model));
        Schedule schedule = Schedule.of(settings, training.batches());
        Trainer.Plan plan = plan(settings);

        Optional<Checkpoint> resumed = checkpointToResume(settings);
        start = resumed.map(this::resume).orElse(Progress.START);
        folder = openFolder(settings, resumed.isPresent());
        folder.cutBackTo(start);
        folder.writeConfig(config(about));
        List<TrainingEvent.Listener> all = new ArrayList<>();
        all.add(new LogFiles(folder, settings.whole(Setting.PRINT_FREQ)));
        all.addAll(listeners);
        trainer =
                new Trainer(
                        model,
                        optimizer,
                        schedule,
                        training,
                        test,
                        backend,
                        plan,
                        at -> save(at, all),
                        all);
    }

    /// Checks everything and opens the run folder. `about` goes into config.json beside the
    /// settings.
    public static TrainingRun prepare(
            Settings settings, Map<String, Object> about, List<TrainingEvent.Listener> listeners) {
        return new TrainingRun(settings, about, listeners);
    }

    public RunFolder folder() {
        return folder;
    }

    public ModelSpec spec() {
        return spec;
    }

    public Module model() {
        return model;
    }

    /// Trains to the end; a run that was complete already just says so.
    public TrainingEvent.Finished run() {
        return trainer.run(start);
    }

    // ---- what the settings say ----

    public static Backend backend(Settings settings) {
        Backend backend = Backend.of(settings.word(Setting.DEVICE));
        if (backend instanceof Cuda cuda) {
            cuda.chooseByTime(settings.on(Setting.CUDNN_BENCHMARK));
        }
        return backend;
    }

    public static int threads(Settings settings) {
        int threads = settings.whole(Setting.THREADS);
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    public static Dataset dataset(Settings settings, Split split) {
        int side = settings.whole(Setting.IMAGE_SIZE);
        return Datasets.open(
                settings.required(Setting.DATA),
                split,
                settings.path(Setting.DATA_DIR),
                side == 0 ? 224 : side);
    }

    /// The loader of the training set: shuffled and augmented as the settings say.
    public static DataLoader trainingLoader(Settings settings, Dataset dataset) {
        int batchSize = settings.whole(Setting.BATCH_SIZE);
        if (batchSize > dataset.size()) {
            throw new InvalidSetting(
                    Setting.BATCH_SIZE,
                    String.valueOf(batchSize),
                    "1 to " + dataset.size() + ", the images of " + dataset.name());
        }
        DatasetDescription description = Datasets.named(settings.required(Setting.DATA));
        ImageShape shape = dataset.shape();
        Augmentation augmentation =
                settings.word(Setting.AUGMENT).equals("standard")
                        ? description.standardAugmentation(shape)
                        : Augmentation.none();
        return new DataLoader(
                dataset,
                normalization(settings, description, shape.channels()),
                resized(augmentation, settings, shape),
                batchSize,
                settings.on(Setting.SHUFFLE),
                false,
                settings.seed(),
                settings.whole(Setting.WORKERS));
    }

    /// The loader of the test set: every image once, in order, as it is.
    public static DataLoader testLoader(Settings settings, Dataset dataset) {
        ImageShape shape = dataset.shape();
        return new DataLoader(
                dataset,
                normalization(
                        settings,
                        Datasets.named(settings.required(Setting.DATA)),
                        shape.channels()),
                resized(Augmentation.none(), settings, shape),
                Math.min(settings.whole(Setting.TEST_BATCH_SIZE), Math.max(1, dataset.size())),
                false,
                false,
                0,
                settings.whole(Setting.WORKERS));
    }

    private static Augmentation resized(Augmentation before, Settings settings, ImageShape shape) {
        int side = settings.whole(Setting.IMAGE_SIZE);
        boolean fits = side == 0 || (side == shape.height() && side == shape.width());
        return fits ? before : before.then(new Augmentation.Resize(side));
    }

    public static Normalization normalization(
            Settings settings, DatasetDescription description, int channels) {
        Normalization usual = description.normalization();
        return new Normalization(
                perChannel(settings, Setting.MEAN, usual.mean(), 0, channels),
                perChannel(settings, Setting.DEVIATION, usual.deviation(), 1e-6, channels));
    }

    private static float[] perChannel(
            Settings settings, Setting setting, float[] usual, double least, int channels) {
        if (settings.text(setting).equals("auto")) {
            return usual;
        }
        double[] given = settings.reals(setting, least, 1);
        if (given.length != 1 && given.length != channels) {
            throw new InvalidSetting(
                    setting,
                    settings.text(setting),
                    "one number, or one for each of " + channels + " channels");
        }
        float[] values = new float[channels];
        for (int c = 0; c < channels; c++) {
            values[c] = (float) given[given.length == 1 ? 0 : c];
        }
        return values;
    }

    private static Trainer.Plan plan(Settings settings) {
        return new Trainer.Plan(
                settings.whole(Setting.EPOCHS),
                settings.whole(Setting.MAX_STEPS),
                settings.whole(Setting.EVAL_EVERY),
                settings.whole(Setting.CHECKPOINT_EVERY),
                settings.whole(Setting.PRINT_FREQ),
                settings.on(Setting.CUDA_GRAPH),
                settings.real(Setting.LABEL_SMOOTHING),
                settings.seed());
    }

    private static void setDropout(Settings settings, Module model) {
        if (settings.text(Setting.DROP).equals("auto")) {
            return;
        }
        double[] given = settings.reals(Setting.DROP, 0, 0.999);
        if (given.length != 1) {
            throw new InvalidSetting(
                    Setting.DROP, settings.text(Setting.DROP), "auto or one number of 0 to 0.999");
        }
        double probability = given[0];
        for (Module module : model.modules().values()) {
            if (module instanceof Dropout dropout) {
                dropout.probability(probability);
            }
        }
    }

    private static Map<String, Tensor> trainable(Module model) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
            if (!entry.getValue().isFrozen()) {
                tensors.put(entry.getKey(), entry.getValue().tensor());
            }
        }
        return tensors;
    }

    // ---- the run folder and its checkpoints ----

    /// The checkpoint that --resume names; with `auto`, the last one of --out, if there is one.
    public static Optional<Path> fileToResume(Settings settings) {
        String resume = settings.text(Setting.RESUME);
        if (resume.isEmpty()) {
            return Optional.empty();
        }
        if (!resume.equals("auto")) {
            return Optional.of(Path.of(resume));
        }
        Path out =
                settings.path(Setting.OUT)
                        .orElseThrow(
                                () ->
                                        new InvalidSetting(
                                                "--resume auto: needs --out DIR, the folder of the run to go on with"));
        return Optional.of(out.resolve("checkpoints").resolve("last.safetensors"))
                .filter(Files::exists);
    }

    private static Optional<Checkpoint> checkpointToResume(Settings settings) {
        return fileToResume(settings).map(Checkpoint::read);
    }

    private Progress resume(Checkpoint checkpoint) {
        if (!checkpoint.spec().equals(spec)) {
            throw new TrainingProblem(
                    "--resume: the checkpoint is of "
                            + checkpoint.spec()
                            + ", this training is of "
                            + spec
                            + "; use the same --model, --stem and --data, or --init to take parameters alone");
        }
        int batchSize = training.batchSize();
        int batchSizeThen = checkpoint.settings().whole(Setting.BATCH_SIZE);
        Progress progress = checkpoint.progress();
        boolean inEpoch = progress.batch() > 0;
        if (inEpoch && (batchSize != batchSizeThen || progress.batch() > training.batches())) {
            throw new TrainingProblem(
                    "--resume: the checkpoint is at batch %d of an epoch in batches of %d, this training has %d batches of %d; use the same --batch-size and --data"
                            .formatted(
                                    progress.batch(),
                                    batchSizeThen,
                                    training.batches(),
                                    batchSize));
        }
        checkpoint.restore(model, optimizer);
        return progress;
    }

    private static RunFolder openFolder(Settings settings, boolean resumed) {
        Optional<Path> out = settings.path(Setting.OUT);
        boolean goesOn = settings.text(Setting.RESUME).equals("auto");
        if (out.isPresent()) {
            return resumed || goesOn ? RunFolder.open(out.get()) : RunFolder.create(out.get());
        }
        if (resumed) {
            Path checkpoint = fileToResume(settings).orElseThrow().toAbsolutePath();
            Path folder = checkpoint.getParent();
            return RunFolder.open(
                    folder != null && folder.getParent() != null
                            ? folder.getParent()
                            : Path.of("."));
        }
        String name =
                LocalDate.now(java.time.ZoneId.systemDefault())
                        + "-"
                        + settings.text(Setting.MODEL)
                        + "-"
                        + settings.text(Setting.DATA);
        Path folder = Path.of("runs", name);
        for (int i = 2; Files.exists(folder); i++) {
            folder = Path.of("runs", name + "-" + i);
        }
        return RunFolder.create(folder);
    }

    private Map<String, Object> config(Map<String, Object> about) {
        Map<String, Object> config = new LinkedHashMap<>(settings.asMap());
        config.putAll(about);
        config.put("model_parameters", model.parameterCount());
        config.put("threads_used", Parallel.threads());
        return config;
    }

    private void save(Progress at, List<TrainingEvent.Listener> listeners) {
        Checkpoint checkpoint =
                Checkpoint.of(
                        settings, spec, training.dataset().classNames(), at, model, optimizer);
        checkpoint.write(folder.last());
        TrainingEvent written = new TrainingEvent.CheckpointWritten(folder.last());
        if (at.batch() == 0 && at.isBest()) {
            folder.copy(folder.last(), folder.best());
        }
        int every = settings.whole(Setting.CHECKPOINT_EVERY);
        if (every > 0 && at.step() % every == 0) {
            folder.copy(folder.last(), folder.ofStep(at.step()));
            folder.pruneUpTo(at.step());
        }
        listeners.forEach(listener -> listener.on(written));
    }
}
