package athanor.cli;

import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingRun;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.Dataset;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import athanor.train.data.SampleSheet;
import athanor.train.data.Split;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Fetches, describes, draws and times data sets.
@Command(
        name = "data",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        header = "Fetch a data set, describe it, draw its samples, or time its loader.")
final class DataCommand implements Runnable {
    private static final int SIDE = 224;

    private final Screen screen;

    @Spec CommandSpec spec = CommandSpec.create();

    DataCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "athanor data: fetch, info, preview or bench is missing");
    }

    @Command(
            name = "fetch",
            mixinStandardHelpOptions = true,
            header = "Download the official files of a data set, and check their sums.")
    int fetch(
            @Parameters(paramLabel = "NAME", description = "the data set") String name,
            @Option(
                            names = {"--data-dir", "--data_path"},
                            required = true,
                            paramLabel = "DIR",
                            description = "where the files go")
                    Path dataDir) {
        Names.checkData(name);
        FetchDisplay display = new FetchDisplay(screen);
        List<Path> files = Datasets.fetch(name, dataDir, display::received);
        display.close();
        files.forEach(file -> screen.line("%s", file));
        return 0;
    }

    @Command(
            name = "info",
            mixinStandardHelpOptions = true,
            header = "Describe a data set: images, classes, how many of each.")
    int info(
            @Parameters(paramLabel = "NAME", description = "the data set") String name,
            @Option(
                            names = {"--data-dir", "--data_path"},
                            paramLabel = "DIR",
                            defaultValue = Option.NULL_VALUE,
                            description = "where its files lie")
                    Optional<Path> dataDir) {
        Names.checkData(name);
        DatasetDescription description = Datasets.named(name);
        screen.line("%s: %s", name, description.summary());
        screen.line("from %s", description.home());
        if (description.needsFolder() && dataDir.isEmpty()) {
            screen.line("--data-dir DIR says what is in the files");
            return 0;
        }
        Dataset training = Datasets.open(name, Split.TRAIN, dataDir, SIDE);
        Dataset test = Datasets.open(name, Split.TEST, dataDir, SIDE);
        screen.line(
                "images of %s, %,d to train, %,d to test",
                training.shape(), training.size(), test.size());
        int[] trainingCounts = counts(training);
        int[] testCounts = counts(test);
        int longest = training.classNames().stream().mapToInt(String::length).max().orElse(1);
        for (int c = 0; c < training.classes(); c++) {
            screen.line(
                    "%4d  %-" + longest + "s %,9d %,9d",
                    c,
                    training.classNames().get(c),
                    trainingCounts[c],
                    testCounts[c]);
        }
        return 0;
    }

    @Command(
            name = "preview",
            mixinStandardHelpOptions = true,
            header = "Draw samples of a data set with their classes into a PNG file.")
    int preview(
            @Parameters(paramLabel = "NAME", description = "the data set") String name,
            @Option(
                            names = {"--data-dir", "--data_path"},
                            paramLabel = "DIR",
                            defaultValue = Option.NULL_VALUE,
                            description = "where its files lie")
                    Optional<Path> dataDir,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            defaultValue = Option.NULL_VALUE,
                            description = "the picture [NAME.png]")
                    Optional<Path> out,
            @Option(names = "--rows", paramLabel = "N", defaultValue = "8", description = "[8]")
                    int rows,
            @Option(
                            names = "--columns",
                            paramLabel = "N",
                            defaultValue = "10",
                            description = "[10]")
                    int columns,
            @Option(
                            names = "--seed",
                            paramLabel = "N",
                            defaultValue = "0",
                            description = "chooses the samples [0]")
                    long seed) {
        Names.checkData(name);
        if (rows < 1 || columns < 1 || (long) rows * columns > 10_000) {
            throw new InvalidSetting(
                    "--rows %d --columns %d: accepted are 1 or more, and up to 10000 samples"
                            .formatted(rows, columns));
        }
        Path file = out.orElse(Path.of(name + ".png"));
        SampleSheet.write(
                Datasets.open(name, Split.TRAIN, dataDir, SIDE), rows, columns, true, seed, file);
        screen.line("%s", file);
        return 0;
    }

    @Command(
            name = "bench",
            mixinStandardHelpOptions = true,
            header = "Measure how many images a second the loader alone prepares.")
    int bench(
            @Parameters(paramLabel = "NAME", description = "the data set") String name,
            @Option(
                            names = {"--data-dir", "--data_path"},
                            paramLabel = "DIR",
                            defaultValue = "",
                            description = "where its files lie")
                    String dataDir,
            @Option(
                            names = "--image-size",
                            paramLabel = "N",
                            defaultValue = "0",
                            description = "side that images are resized to")
                    String imageSize,
            @Option(
                            names = "--batch-size",
                            paramLabel = "N",
                            defaultValue = "128",
                            description = "[128]")
                    String batchSize,
            @Option(
                            names = "--augment",
                            paramLabel = "WORD",
                            defaultValue = "standard",
                            description = "as in training [standard]")
                    String augment,
            @Option(
                            names = "--workers",
                            paramLabel = "N",
                            defaultValue = "1",
                            description = "threads that prepare batches [1]")
                    String workers,
            @Option(
                            names = "--seconds",
                            paramLabel = "N",
                            defaultValue = "10",
                            description = "how long to measure, after half of that to warm up [10]")
                    int seconds) {
        Names.checkData(name);
        Settings settings =
                Settings.initial()
                        .with(
                                Map.of(
                                        Setting.DATA, name,
                                        Setting.DATA_DIR, dataDir,
                                        Setting.IMAGE_SIZE, imageSize,
                                        Setting.BATCH_SIZE, batchSize,
                                        Setting.AUGMENT, augment,
                                        Setting.WORKERS, workers))
                        .check();
        Dataset dataset = TrainingRun.dataset(settings, Split.TRAIN);
        DataLoader loader = TrainingRun.trainingLoader(settings, dataset);
        load(loader, seconds / 2.0);
        screen.line(
                "%,.0f images/s of %s, %s workers", load(loader, seconds), loader.shape(), workers);
        dataset.problems().forEach(problem -> screen.err().println("athanor: " + problem));
        return 0;
    }

    /// Takes batches for so many seconds; images a second.
    private static double load(DataLoader loader, double seconds) {
        long began = System.nanoTime();
        long images = 0;
        for (int epoch = 0; ; epoch++) {
            try (Batches batches = loader.epoch(epoch)) {
                for (var next = batches.next(); next.isPresent(); next = batches.next()) {
                    try (Batch batch = next.get()) {
                        images += batch.size();
                    }
                    double took = (System.nanoTime() - began) / 1e9;
                    if (took >= seconds) {
                        return images / took;
                    }
                }
            }
        }
    }

    private static int[] counts(Dataset dataset) {
        int[] counts = new int[dataset.classes()];
        for (int i = 0; i < dataset.size(); i++) {
            counts[dataset.label(i)]++;
        }
        return counts;
    }
}
