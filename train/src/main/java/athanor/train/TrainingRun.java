package athanor.train;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.Tensor;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.BatchNorm2d;
import athanor.nn.Dropout;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.nn.StochasticDepth;
import athanor.nn.model.FitsData;
import athanor.nn.model.Models;
import athanor.nn.model.ResNet;
import athanor.train.data.Augmentation;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.ColourJitter;
import athanor.train.data.DataLoader;
import athanor.train.data.Dataset;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import athanor.train.data.ImageShape;
import athanor.train.data.Lighting;
import athanor.train.data.Normalization;
import athanor.train.data.Part;
import athanor.train.data.Split;
import athanor.train.distributed.Launch;
import athanor.train.distributed.World;
import athanor.train.report.EventLog;
import athanor.train.report.Findings;
import athanor.train.report.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A training made ready from its settings: data, model, optimizer, run folder. Everything is
/// checked, and a checkpoint to go on from is read, before the first file is written.
public final class TrainingRun {
    /// Of the learning rate, below which divergence is no matter of it.
    private static final double SMALLEST_FACTOR = 1e-3;

    private static final int IMAGES_TO_FIT = 5000;

    private final Settings settings;
    private final Module model;
    private final ModelSpec spec;
    private final Update update;
    private final Backend backend;
    private final Communicator ranks;
    private final DataLoader training;
    private final RunFolder folder;
    private final Trainer trainer;
    private final Progress start;

    private TrainingRun(
            Settings settings,
            Map<String, Object> about,
            List<TrainingEvent.Listener> listeners,
            Communicator hosts) {
        this.settings = settings.check();
        backend = backend(settings);
        ranks = World.on(backend, hosts);
        FromRoot fromRoot = new FromRoot(ranks);
        Parallel.threads(threads(settings));
        Dataset trainingSet = dataset(settings, Split.TRAIN);
        training = trainingLoader(settings, trainingSet).of(new Part(ranks.rank(), ranks.size()));
        Dataset testSet = dataset(settings, Split.TEST);
        Evaluator test =
                new Evaluator(testLoader(settings, testSet), backend, views(settings), ranks);
        ImageShape image = training.shape();
        spec = ModelSpec.of(settings, trainingSet.classes(), image.channels(), image.height());
        model = spec.create();
        setDropout(settings, model);
        synchronizeNorms();
        agree(trainingSet, testSet);
        model.to(backend, DType.FLOAT32);
        model.initialize(PhiloxKey.of(settings.seed()).derive("initialization"));
        StochasticDepth.set(model, settings.real(Setting.DROP_PATH));
        if (settings.on(Setting.ZERO_INIT_RESIDUAL)) {
            ResNet.zeroLastNorms(model);
        }
        fitToData();
        fromRoot.file(() -> settings.path(Setting.INIT))
                .ifPresent(file -> Checkpoint.loadParameters(file, model));
        Optimizer optimizer = Optimizer.of(settings, trainable(model), normBiases(model));
        long steps = (long) settings.whole(Setting.EPOCHS) * training.batches();
        update = Update.of(settings, optimizer, model, steps);
        Schedule schedule = Schedule.of(scaled(settings), training.batches());
        Trainer.Plan plan = plan(settings);

        Optional<Resumption> resumed = ranks.isRoot() ? Resumption.of(settings) : Optional.empty();
        Progress before =
                fromRoot.file(() -> resumed.map(Resumption::file))
                        .map(
                                file ->
                                        resumed.map(Resumption::checkpoint)
                                                .orElseGet(() -> Checkpoint.read(file)))
                        .map(this::resume)
                        .orElse(Progress.START);
        start = before.with(LossScale.of(settings, before.lossScale()));
        folder =
                RunFolder.at(
                        Path.of(
                                fromRoot.text(
                                        () ->
                                                openFolder(settings, resumed.map(Resumption::file))
                                                        .path()
                                                        .toString())));
        List<TrainingEvent.Listener> all = new ArrayList<>();
        EventLog events = new EventLog(folder.path(), settings, model, testSet);
        if (ranks.isRoot()) {
            folder.sweep();
            folder.cutBackTo(start);
            folder.writeConfig(config(about));
            all.add(new LogFiles(folder, settings.whole(Setting.PRINT_FREQ)));
            all.add(events);
            boolean timed = settings.word(Setting.DEVICE).equals("cpu") && ranks.size() == 1;
            all.add(new Findings(folder, model, test, timed));
            all.add(new Report(folder));
            all.addAll(listeners);
            all.add(new BadImages(List.of(trainingSet, test.loader().dataset()), List.copyOf(all)));
        }
        trainer =
                new Trainer(
                        objective(),
                        settings.on(Setting.HISTOGRAMS) && ranks.isRoot()
                                ? update.watched(events::gradients)
                                : update,
                        schedule,
                        training,
                        test,
                        new DataParallel(ranks),
                        plan,
                        at -> save(at, all),
                        divergence -> recover(divergence, all),
                        all);
    }

    /// Checks everything and opens the run folder. `about` goes into config.json beside the
    /// settings.
    public static TrainingRun prepare(
            Settings settings, Map<String, Object> about, List<TrainingEvent.Listener> listeners) {
        return prepare(settings, about, listeners, Communicator.single());
    }

    /// The same on each of several ranks, of which rank 0 alone writes, and tells its listeners.
    public static TrainingRun prepare(
            Settings settings,
            Map<String, Object> about,
            List<TrainingEvent.Listener> listeners,
            Communicator ranks) {
        return new TrainingRun(settings, about, listeners, ranks);
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
        if (settings.word(Setting.ON_DIVERGENCE).equals("rollback")
                && !Files.exists(folder.last())) {
            save(start, List.of());
        }
        try (Autocast _ = autocast(settings)) {
            return trainer.run(start);
        }
    }

    /// Steps of the whole training whose gradients were not finite, as happens with float16; they
    /// changed no parameter.
    public long stepsLeftOut(TrainingEvent.Finished finished) {
        return finished.step() - update.optimizer().steps();
    }

    /// Lets [#run] write a checkpoint and end by [TrainingStopped] after the step under way.
    public void stop() {
        trainer.stop();
    }

    // ---- what the settings say ----

    public static Backend backend(Settings settings) {
        return Backend.of(Launch.here().device(settings.word(Setting.DEVICE)));
    }

    /// A scope in the precision that `--amp` asks for.
    public static Autocast autocast(Settings settings) {
        return Autocast.open(LossScale.type(settings));
    }

    public static int threads(Settings settings) {
        int threads = settings.whole(Setting.THREADS);
        return threads == 0 ? Launch.here().threads() : threads;
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
        Normalization normalization = normalization(settings, description, shape.channels());
        return new DataLoader(
                dataset,
                normalization,
                augmentation(settings, description, dataset, normalization),
                batchSize,
                settings.on(Setting.SHUFFLE),
                false,
                settings.seed(),
                settings.whole(Setting.WORKERS));
    }

    private static Augmentation augmentation(
            Settings settings,
            DatasetDescription description,
            Dataset dataset,
            Normalization normalization) {
        Augmentation all =
                description.augmentation(settings.word(Setting.AUGMENT), dataset.shape());
        double jitter = settings.real(Setting.COLOUR_JITTER);
        double lighting = settings.real(Setting.LIGHTING);
        double erase = settings.real(Setting.RANDOM_ERASE);
        if (jitter > 0) {
            all = all.then(new ColourJitter(jitter));
        }
        if (lighting > 0) {
            all = all.then(Lighting.of(lighting, dataset));
        }
        all = resized(all, settings, dataset.shape());
        return erase > 0
                ? all.then(new Augmentation.RandomErase(erase, normalization.meanBytes()))
                : all;
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
                settings.seed());
    }

    private Objective objective() {
        return new Objective(
                model,
                backend,
                new DataParallel(ranks),
                new Mixing(settings.real(Setting.MIXUP), settings.real(Setting.CUTMIX)),
                settings.real(Setting.LABEL_SMOOTHING),
                settings.whole(Setting.ACCUMULATE),
                spec.classes());
    }

    /// The views of an image that evaluation looks at.
    public static TestTime views(Settings settings) {
        return TestTime.valueOf(settings.word(Setting.TTA).toUpperCase(Locale.ROOT));
    }

    private void fitToData() {
        if (model instanceof FitsData fitting) {
            Dataset dataset = training.dataset();
            int count = Math.min(IMAGES_TO_FIT, dataset.size());
            DataLoader loader = DataLoader.evaluation(dataset, training.normalization(), count, 0);
            try (Batches batches = loader.epoch(0);
                    Batch batch = batches.next().orElseThrow()) {
                ImageShape image = batch.shape();
                fitting.fit(batch.images(), count, image.height(), image.width());
            }
        }
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

    private void synchronizeNorms() {
        if (settings.on(Setting.SYNC_BN)) {
            for (Module module : model.modules().values()) {
                if (module instanceof BatchNorm2d norm) {
                    norm.synchronize(ranks);
                }
            }
        }
    }

    /// That this rank's model, data and settings are those of rank 0, and that each rank has work.
    private void agree(Dataset trainingSet, Dataset testSet) {
        int batchSize = training.batchSize();
        if (batchSize < ranks.size()) {
            throw new InvalidSetting(
                    Setting.BATCH_SIZE,
                    String.valueOf(batchSize),
                    ranks.size() + " or more, an image for each rank");
        }
        if (ranks.size() > 1) {
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("--model " + spec, Agreement.of(model));
            facts.put("--data " + trainingSet.name(), Agreement.of(trainingSet));
            facts.put("its test set", Agreement.of(testSet));
            settings.asMap().forEach((key, value) -> facts.put("--" + key, value));
            Agreement.OF_MACHINE.forEach(setting -> facts.remove(setting.flag()));
            Agreement.check(ranks, World.self(), facts);
        }
    }

    /// With --scale-lr, the learning rates for this batch in proportion to it. Goyal et al. 2017.
    private static Settings scaled(Settings settings) {
        int batch = settings.whole(Setting.SCALE_LR);
        double factor = batch == 0 ? 1 : (double) settings.whole(Setting.BATCH_SIZE) / batch;
        Settings all = settings;
        for (Setting rate : List.of(Setting.LEARNING_RATE, Setting.MAX_LR)) {
            all = all.with(rate, String.valueOf(settings.real(rate) * factor));
        }
        return all;
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

    private static Set<String> normBiases(Module model) {
        Set<String> names = new HashSet<>();
        model.modules()
                .forEach(
                        (name, module) -> {
                            if (module instanceof BatchNorm2d) {
                                names.add(name + ".bias");
                            }
                        });
        return names;
    }

    // ---- the run folder and its checkpoints ----

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
        checkpoint.restore(model, update);
        return progress;
    }

    private static RunFolder openFolder(Settings settings, Optional<Path> resumed) {
        Optional<Path> out = settings.path(Setting.OUT);
        boolean goesOn = settings.text(Setting.RESUME).equals("auto");
        if (out.isPresent()) {
            return resumed.isPresent() || goesOn
                    ? RunFolder.open(out.get())
                    : RunFolder.create(out.get());
        }
        if (resumed.isPresent()) {
            Path folder = resumed.get().toAbsolutePath().getParent();
            return RunFolder.open(
                    folder != null && folder.getParent() != null
                            ? folder.getParent()
                            : Path.of("."));
        }
        String name =
                LocalDate.now(java.time.ZoneId.systemDefault())
                        + "-"
                        + Models.plainName(settings.text(Setting.MODEL))
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
        config.put("ranks", ranks.size());
        config.put("communicator", ranks.name());
        return config;
    }

    /// The settings with the numbers that images are normalized by, where they say `auto`.
    private Settings withNormalization() {
        Normalization used = training.normalization();
        return settings.with(
                Map.of(Setting.MEAN, text(used.mean()), Setting.DEVIATION, text(used.deviation())));
    }

    private static String text(float[] values) {
        String list = Arrays.toString(values);
        return list.substring(1, list.length() - 1).replace(" ", "");
    }

    /// The last checkpoint takes its place when all else is done: whatever the process dies of
    /// before, the run goes on from the one before it and does the same again.
    private void save(Progress at, List<TrainingEvent.Listener> listeners) {
        if (!ranks.isRoot()) {
            return;
        }
        Checkpoint checkpoint =
                Checkpoint.of(
                        withNormalization(),
                        spec,
                        training.dataset().classNames(),
                        at,
                        model,
                        update);
        int every = settings.whole(Setting.CHECKPOINT_EVERY);
        List<Path> places = new ArrayList<>();
        if (every > 0 && at.step() > 0 && at.step() % every == 0) {
            places.add(folder.ofStep(at.step()));
        }
        if (at.isBest()) {
            places.add(folder.best());
        }
        places.add(folder.last());
        folder.forceLogs();
        checkpoint.write(places.getFirst());
        places.stream().skip(1).forEach(place -> folder.copy(places.getFirst(), place));
        folder.pruneUpTo(at.step());
        TrainingEvent written = new TrainingEvent.CheckpointWritten(folder.last());
        listeners.forEach(listener -> listener.on(written));
    }

    private Path nthLast(int times) {
        List<Path> saved = RunFolder.checkpointsIn(folder.path());
        return saved.get(Math.min(times, saved.size() - 1));
    }

    /// Goes back to a checkpoint at half the learning rate, or ends the run.
    private Progress recover(Divergence divergence, List<TrainingEvent.Listener> listeners) {
        FromRoot fromRoot = new FromRoot(ranks);
        boolean kept = Files.exists(folder.last());
        if (!settings.word(Setting.ON_DIVERGENCE).equals("rollback")) {
            throw new TrainingProblem(
                    divergence.getMessage()
                            + (kept ? "; the checkpoint before it is " + folder.last() : "")
                            + "; go on with a lower --lr or --max-lr, --clip-grad-norm 1, or --on-divergence rollback",
                    divergence);
        }
        Path last = fromRoot.file(() -> Optional.of(folder.last())).orElseThrow();
        double factor = Checkpoint.read(last).progress().rateFactor() / 2;
        if (factor < SMALLEST_FACTOR) {
            throw new TrainingProblem(
                    divergence.getMessage()
                            + "; a learning rate of %.2g times the schedule's did not help"
                                    .formatted(2 * factor),
                    divergence);
        }
        // Where the last one is lost already, the next time begins at the one before it.
        int times = -Math.getExponent(factor) - 1;
        Path from = fromRoot.file(() -> Optional.of(nthLast(times))).orElseThrow();
        Progress back = resume(Checkpoint.read(from)).atRate(factor);
        if (ranks.isRoot()) {
            folder.cutBackTo(back);
            folder.dropAfter(back.step());
        }
        save(back, listeners);
        String text =
                divergence.getMessage()
                        + "; back to step %d, from there at %s times the learning rate"
                                .formatted(back.step(), factor);
        listeners.forEach(listener -> listener.on(new TrainingEvent.Warning(text)));
        return back;
    }
}
