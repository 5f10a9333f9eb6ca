package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import athanor.kernels.parallel.Parallel;
import athanor.nn.io.TensorData;
import athanor.train.Checkpoint;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Trainings over processes that Open MPI starts: on this machine, and on two hosts, which are
/// network namespaces of the test's own.
class MpiTest {
    private static final int MINUTES = 10;
    private static final List<String> MPIRUN =
            List.of("mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none");
    private static final String FOLLOWS =
            "train --model resnet20 --data shapes10 --batch-size 16 --lr 0.001 --print-freq 1 --threads 1 --sync-bn";
    private static final String SMALL =
            "train --model resnet8 --data shapes10 --batch-size 30 --print-freq 1 --threads 1";
    private static final String OTHER = SMALL + " --max-steps 3";

    /// What each of the starts runs: one step, twenty steps, and three steps without --sync-bn.
    private static final String ALL =
            "%1$s --max-steps 1 --out %3$s/one then %1$s --max-steps 20 --out %3$s/twenty then %2$s --out %3$s/other";

    @TempDir static Path folder = Path.of("");

    private static int threads;

    record Result(int code, String out) {}

    @BeforeAll
    static void trainOnOneRank() {
        assumeTrue(onPath("mpirun"), "skipped: no mpirun; install openmpi-bin");
        threads = Parallel.threads();
        for (String command : ALL.formatted(FOLLOWS, OTHER, folder.resolve("1")).split(" then ")) {
            assertThat(here(command).code()).isZero();
        }
    }

    @AfterAll
    static void restoreThreads() {
        if (threads > 0) {
            Parallel.threads(threads);
        }
    }

    private static boolean onPath(String program) {
        return Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
    }

    /// In this JVM, which is one rank.
    private static Result here(String command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        int code = Athanor.run(new Screen(print, print, false), command.split(" "));
        return new Result(code, out.toString(StandardCharsets.UTF_8));
    }

    private static List<String> rank(String... commands) {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx1g",
                                "--add-modules=jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                RankProgram.class.getName()));
        words.addAll(Arrays.asList(String.join(" then ", commands).split(" ")));
        return words;
    }

    private static Process start(Path log, List<String> command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // In a container one process may not read another's memory.
        builder.environment().put("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
        builder.environment().put("TMPDIR", "/tmp");
        return builder.start();
    }

    private static Result finish(Process mpirun, Path log)
            throws IOException, InterruptedException {
        assertThat(mpirun.waitFor(MINUTES, TimeUnit.MINUTES)).isTrue();
        return new Result(mpirun.exitValue(), Files.readString(log));
    }

    private static Result mpirun(int ranks, String... commands)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(MPIRUN);
        command.addAll(List.of("-np", String.valueOf(ranks)));
        command.addAll(rank(commands));
        Path log = Files.createTempFile(folder, "mpirun", ".log");
        return finish(start(log, command), log);
    }

    // ---- what a run leaves behind ----

    private static Checkpoint last(Path run) {
        return Checkpoint.read(run.resolve("checkpoints/last.safetensors"));
    }

    private static Map<String, String> bits(Path run) {
        Map<String, String> all = new TreeMap<>();
        for (Map.Entry<String, TensorData> entry : last(run).tensors().entrySet()) {
            byte[] bytes =
                    entry.getValue().bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
            all.put(entry.getKey(), HexFormat.of().formatHex(bytes));
        }
        return all;
    }

    private static List<Double> losses(Path run) throws IOException {
        List<Double> losses = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("steps.jsonl"))) {
            losses.add(new ObjectMapper().readTree(line).get("loss").doubleValue());
        }
        return losses;
    }

    /// Section 7 of the design: parameters and buffers after one step within 1e-5; losses at
    /// learning rate 0.001, five within 5e-4 and twenty within 2e-2.
    private static void assertFollows(Path many, Path one) throws IOException {
        Map<String, TensorData> expected = last(one.resolve("one")).tensors();
        Map<String, TensorData> actual = last(many.resolve("one")).tensors();
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        double largest = 0;
        for (Map.Entry<String, TensorData> entry : expected.entrySet()) {
            if (!entry.getKey().startsWith("optimizer.")) {
                double[] left = entry.getValue().doubles();
                double[] right = Objects.requireNonNull(actual.get(entry.getKey())).doubles();
                for (int i = 0; i < left.length; i++) {
                    largest = Math.max(largest, Math.abs(left[i] - right[i]));
                }
            }
        }
        List<Double> lossesOfOne = losses(one.resolve("twenty"));
        List<Double> losses = losses(many.resolve("twenty"));
        assertThat(losses).hasSize(20);
        double five = 0;
        double twenty = 0;
        for (int i = 0; i < 20; i++) {
            double difference = Math.abs(losses.get(i) - lossesOfOne.get(i));
            five = i < 5 ? Math.max(five, difference) : five;
            twenty = Math.max(twenty, difference);
        }
        System.out.printf(
                "%s: after one step %.1e; losses: five %.1e, twenty %.1e%n",
                many.getFileName(), largest, five, twenty);
        assertThat(largest).isLessThan(1e-5);
        assertThat(five).isLessThan(5e-4);
        assertThat(twenty).isLessThan(2e-2);
    }

    // ---- on this machine ----

    private static Optional<Result> ofTwo = Optional.empty();

    /// Runs them once, for the two tests that look at them.
    private static Path twoRanks() throws IOException, InterruptedException {
        Path two = folder.resolve("2");
        if (ofTwo.isEmpty()) {
            String again = OTHER + " --out " + two.resolve("again");
            ofTwo = Optional.of(mpirun(2, ALL.formatted(FOLLOWS, OTHER, two), again));
        }
        Result result = ofTwo.get();
        assertThat(result.code()).as(result.out()).isZero();
        assertThat(result.out()).containsOnlyOnce("run folder " + two.resolve("one"));
        return two;
    }

    @Test
    void twoRanksFollowOneAndRepeatToTheBit() throws Exception {
        Path two = twoRanks();
        assertFollows(two, folder.resolve("1"));
        assertThat(bits(two.resolve("again"))).isEqualTo(bits(two.resolve("other")));
        assertThat(losses(two.resolve("again"))).isEqualTo(losses(two.resolve("other")));
        // Without --sync-bn every rank normalizes by its own images.
        assertThat(bits(two.resolve("other"))).isNotEqualTo(bits(folder.resolve("1/other")));
    }

    @Test
    void twoHostsComputeTheBitsOfTwoRanksOnOne() throws Exception {
        Path hosts = folder.resolve("hosts");
        try (Hosts network = Hosts.open(folder)) {
            List<String> command = new ArrayList<>(network.mpirun());
            command.addAll(rank(ALL.formatted(FOLLOWS, OTHER, hosts)));
            Path log = folder.resolve("hosts.log");
            Result result = finish(start(log, command), log);
            assertThat(result.code()).as(result.out()).isZero();
        }
        assertFollows(hosts, folder.resolve("1"));
        Path two = twoRanks();
        for (String run : List.of("one", "twenty", "other")) {
            assertThat(bits(hosts.resolve(run))).as(run).isEqualTo(bits(two.resolve(run)));
        }
    }

    @Test
    void fourRanksFollowOneAndEvaluateAsOne() throws Exception {
        Path four = folder.resolve("4");
        String trained = folder.resolve("1/other/checkpoints/last.safetensors").toString();
        String eval = "eval --threads 1 --batch-size 64 --checkpoint " + trained;
        Result result =
                mpirun(
                        4,
                        ALL.formatted(FOLLOWS, OTHER, four),
                        OTHER + " --out " + four.resolve("again"),
                        eval);
        assertThat(result.code()).as(result.out()).isZero();
        assertFollows(four, folder.resolve("1"));
        assertThat(bits(four.resolve("again"))).isEqualTo(bits(four.resolve("other")));
        assertThat(figures(result.out())).hasSize(13).isEqualTo(figures(here(eval).out()));
    }

    /// Accuracies, loss and confusion: what does not depend on the clock.
    private static List<String> figures(String out) {
        return out.lines().filter(line -> line.matches("(top-|loss| +\\d+ [a-z]).*")).toList();
    }

    // ---- what goes wrong ----

    private static Process train(Path out, Path log) throws IOException {
        List<String> command = new ArrayList<>(MPIRUN);
        command.addAll(List.of("-np", "2"));
        command.addAll(rank(SMALL + " --checkpoint-every 2 --epochs 100 --out " + out));
        return start(log, command);
    }

    private static void awaitCheckpoint(Process mpirun, Path out) throws InterruptedException {
        while (!Files.exists(out.resolve("checkpoints/last.safetensors"))) {
            assertThat(mpirun.isAlive()).isTrue();
            Thread.sleep(50);
        }
    }

    private static List<ProcessHandle> ranks(Process mpirun) {
        return mpirun.descendants()
                .filter(one -> one.info().command().orElse("").endsWith("java"))
                .toList();
    }

    /// Open MPI may be gone a moment before them.
    private static void assertAllEnd(List<ProcessHandle> ranks) throws Exception {
        for (ProcessHandle rank : ranks) {
            assertThat(rank.onExit().get(30, TimeUnit.SECONDS)).isEqualTo(rank);
        }
    }

    private static Optional<ProcessHandle> rankOne(List<ProcessHandle> ranks) {
        return ranks.stream()
                .filter(
                        one -> {
                            try {
                                return Files.readString(
                                                Path.of("/proc/" + one.pid() + "/environ"),
                                                StandardCharsets.ISO_8859_1)
                                        .contains("\0OMPI_COMM_WORLD_RANK=1\0");
                            } catch (IOException e) {
                                return false;
                            }
                        })
                .findFirst();
    }

    @Test
    void aRankThatIsKilledEndsAllAndTheRunGoesOnWithAnotherNumberOfRanks() throws Exception {
        Path out = folder.resolve("killed");
        Path log = folder.resolve("killed.log");
        Process mpirun = train(out, log);
        awaitCheckpoint(mpirun, out);
        List<ProcessHandle> ranks = ranks(mpirun);
        assertThat(ranks).hasSize(2);
        rankOne(ranks).orElseThrow().destroyForcibly();
        long began = System.nanoTime();
        Result result = finish(mpirun, log);
        System.out.printf("all ended after %.1f s%n", (System.nanoTime() - began) / 1e9);
        assertThat(result.code()).isNotZero();
        assertThat(result.out())
                .containsPattern("process rank 1 .*on node \\S+ exited on signal 9");
        assertAllEnd(ranks);

        long step = last(out).progress().step();
        String goOn = "train --resume auto --threads 1 --out " + out + " --max-steps " + (step + 2);
        assertThat(here(goOn)).satisfies(r -> assertThat(r.code()).as(r.out()).isZero());
        assertThat(last(out).progress().step()).isEqualTo(step + 2);
        assertThat(losses(out)).hasSize((int) step + 2);
    }

    @Test
    void aSignalToMpirunEndsAllAndSaysHowToGoOn() throws Exception {
        Path out = folder.resolve("ended");
        Path log = folder.resolve("ended.log");
        Process mpirun = train(out, log);
        awaitCheckpoint(mpirun, out);
        List<ProcessHandle> ranks = ranks(mpirun);
        mpirun.destroy();
        Result result = finish(mpirun, log);
        assertThat(result.code()).isNotZero();
        assertThat(result.out()).containsOnlyOnce("athanor: interrupted");
        assertThat(ranks).hasSize(2);
        assertAllEnd(ranks);
    }

    @Test
    void ranksThatAreToldDifferentThingsEndAtOnce() throws Exception {
        List<String> command = new ArrayList<>(MPIRUN);
        command.addAll(List.of("-np", "1"));
        command.addAll(rank(SMALL + " --lr 0.1 --out " + folder.resolve("differs")));
        command.addAll(List.of(":", "-np", "1"));
        command.addAll(rank(SMALL + " --lr 0.2 --out " + folder.resolve("differs")));
        Path log = folder.resolve("differs.log");
        Result result = finish(start(log, command), log);
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out())
                .containsPattern(
                        "athanor: rank 0 on \\S+: rank 1 on \\S+ has --lr = 0.2, rank 0 has 0.1; all ranks need the same");
        assertThat(folder.resolve("differs")).doesNotExist();
    }
}
