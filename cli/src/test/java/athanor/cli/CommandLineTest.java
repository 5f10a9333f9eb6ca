package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
    @TempDir Path folder = Path.of("");

    record Result(int code, String out, String err) {}

    static Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Screen screen =
                new Screen(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false);
        int code = Athanor.run(screen, args);
        return new Result(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train --lr -0.1                          | --lr -0.1 a number of 0 or more",
                "train --lr fast                          | --lr fast",
                "train --batch-size 0                     | --batch-size 0",
                "train --batchsize 8                      | --batch-size unknown",
                "train --model resnet5O --data cifar10    | resnet50 --model",
                "train --model cnn --data minst           | mnist --data",
                "train --model cnn                        | --data missing",
                "train --recipe first-rum                 | first-run no such recipe",
                "train --optimizer sdg                    | --optimizer sgd",
                "train --resume auto                      | --resume auto --out",
                "train --lr                               | --lr",
                "train somewhere                          | somewhere unknown",
                "train --batch-size 9000                  | --batch-size 9000 8000",
                "trian                                    | train",
                "recipes cnn-minst                        | cnn-mnist",
                "eval                                     | --checkpoint",
                "predict --checkpoint x.safetensors       | IMAGE",
                "summary --model resnet50 --stem torch    | --stem cifar",
                "summary                                  | --model missing",
                "summary --model cnn --classes ten        | --classes ten",
                "bench --steps 0                          | --steps",
                "export --checkpoint x --out y.zip        | --format zip safetensors, onnx, npz",
                "export --checkpoint x                    | --out",
                "import x.pth --out y                     | --out --model --data",
                "data                                     | fetch info preview",
                "report                                   | RUN",
                "dashboard                                | RUNS",
                "dashboard . --port 99999                 | --port 65535",
                "train --dashboard here                   | --dashboard 65535",
                "explain --model resnet5O                 | resnet50 --model",
                "data info mnits                          | mnist",
                "data fetch mnist                         | --data-dir",
                "data preview shapes10 --rows 0           | --rows",
            })
    void a_wrong_value_is_one_line_with_the_way_out_and_exit_code_2(
            String arguments, String words) {
        Result result = run(withOut(arguments));

        assertThat(result.err().lines()).as(result.err()).hasSize(1);
        assertThat(result.err()).contains(words.strip().split(" "));
        assertThat(result.code()).isEqualTo(2);
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train --recipe cnn-mnist --data-dir /nowhere/at/all",
                "train --recipe cnn-mnist",
                "train --init /nowhere/at/all.safetensors",
                "train --resume /nowhere/at/all.safetensors",
                "eval --checkpoint /nowhere/at/all.safetensors",
                "predict --checkpoint /nowhere/at/all.safetensors a.png",
                "data info cifar10 --data-dir /nowhere/at/all",
                "report /nowhere/at/all",
                "dashboard --port 0 /nowhere/at/all",
                "summary --model cnn --graph /nowhere/at/all.svg",
                "data preview shapes10 --out /nowhere/at/all.png",
            })
    void what_fails_while_running_is_one_line_with_exit_code_1_and_leaves_nothing(
            String arguments) {
        Result result = run(withOut(arguments));

        assertThat(result.err().lines()).as(result.err()).hasSize(1);
        assertThat(result.err()).startsWith("athanor: ");
        assertThat(result.code()).isEqualTo(1);
        assertThat(folder.resolve("run")).doesNotExist();
    }

    /// Trainings write to the test's folder, so that a run that should not start is found out.
    private String[] withOut(String arguments) {
        boolean trains = arguments.startsWith("train") && !arguments.contains("auto");
        return (arguments.strip() + (trains ? " --out " + folder.resolve("run") : "")).split(" +");
    }

    @Test
    void a_stack_trace_is_shown_when_asked_for() {
        Result result =
                run(
                        "train",
                        "--stacktrace",
                        "--init",
                        "/nowhere/at/all.safetensors",
                        "--out",
                        folder + "/run");

        assertThat(result.err()).contains("\tat athanor.");
        assertThat(result.code()).isEqualTo(1);
    }

    @Test
    void a_training_can_be_run_evaluated_used_and_resumed() throws IOException {
        String out = folder.resolve("run").toString();
        String last = folder.resolve("run/checkpoints/last.safetensors").toString();
        String picture = folder.resolve("sheet.png").toString();
        Path pixmap = folder.resolve("grey.pgm");
        Files.writeString(pixmap, "P5 # grey\n2 2\n255\nabcd", StandardCharsets.ISO_8859_1);

        Result trained =
                run(
                        "train",
                        "--max-steps",
                        "2",
                        "--batch-size",
                        "16",
                        "--epochs",
                        "1",
                        "--out",
                        out);
        assertThat(trained.err()).isEmpty();
        assertThat(trained.code()).isZero();
        assertThat(trained.out()).contains("recipe first-run", out);

        Result refused = run("train", "--max-steps", "2", "--out", out);
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("--resume auto");

        Result complete = run("train", "--resume", "auto", "--out", out);
        assertThat(complete.err()).isEmpty();
        assertThat(complete.out())
                .contains("complete at step 2")
                .doesNotContain("recipe first-run");

        Result resumed = run("train", "--resume", last, "--max-steps", "3");
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.out()).contains("going on after step 2", out);
        assertThat(Files.readString(folder.resolve("run/config.json")))
                .contains("\"batch-size\" : \"16\"", "java_version");

        Result other = run("train", "--resume", last, "--model", "resnet20");
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains("resnet8", "resnet20").hasLineCount(1);

        Result otherData =
                run(
                        "eval",
                        "--checkpoint",
                        last,
                        "--data",
                        "imagefolder",
                        "--data-dir",
                        "/nowhere");
        assertThat(otherData.code()).isEqualTo(1);

        assertThat(
                        run(
                                        "data",
                                        "preview",
                                        "shapes10",
                                        "--rows",
                                        "2",
                                        "--columns",
                                        "2",
                                        "--out",
                                        picture)
                                .code())
                .isZero();
        Result predicted = run("predict", "--checkpoint", last, picture, pixmap.toString());
        assertThat(predicted.err()).isEmpty();
        assertThat(predicted.out().lines()).hasSize(12);
    }

    @Test
    void the_lists_name_all_there_is() {
        assertThat(run("recipes").out()).contains(Recipe.NAMES);
        assertThat(run("models").out()).contains("resnet50 ", "simple-alexnet ");
        assertThat(run("datasets").out()).contains("shapes10 ", "imagefolder ");
    }

    @Test
    void a_recipe_that_is_printed_can_be_used_as_a_file() throws IOException {
        Path copy = folder.resolve("my.recipe");
        for (String name : Recipe.NAMES) {
            Files.writeString(copy, run("recipes", name).out());
            assertThat(Recipe.of(copy.toString()).values()).isEqualTo(Recipe.of(name).values());
        }
    }

    @Test
    void summary_counts_what_torchvision_counts() {
        assertThat(run("summary", "--model", "resnet50").out()).contains("23,520,842");
        assertThat(run("summary", "--model", "resnet50", "--stem", "imagenet").out())
                .contains("23,528,522");
        assertThat(run("summary", "--model", "resnet20", "--classes", "7", "--channels", "1").out())
                .contains("resnet20, 7 classes, 1 x 32 x 32");
    }

    @Test
    void bench_profile_lists_the_kinds_of_work_of_a_step() {
        Result result =
                run(
                        "bench",
                        "--profile",
                        "--work",
                        "train",
                        "--model",
                        "cnn",
                        "--data",
                        "mnist",
                        "--batch-size",
                        "2",
                        "--steps",
                        "2");

        assertThat(result.out())
                .contains("convolveFilterGradient 3x3/1 32->64 at 13x13")
                .contains("maxPoolGradient")
                .contains("in the backend");
        assertThat(run("bench", "--profile").err()).contains("add --work train");
    }

    /// A small data set in the form of MNIST.
    private Path digits() throws IOException {
        for (String prefix : List.of("train", "t10k")) {
            byte[] images = new byte[16 + 20 * 784];
            java.nio.ByteBuffer.wrap(images).putInt(0x803).putInt(20).putInt(28).putInt(28);
            new java.util.Random(1).nextBytes(images);
            java.nio.ByteBuffer.wrap(images).putInt(0x803).putInt(20).putInt(28).putInt(28);
            byte[] labels = new byte[8 + 20];
            java.nio.ByteBuffer.wrap(labels).putInt(0x801).putInt(20);
            Files.write(folder.resolve(prefix + "-images-idx3-ubyte"), images);
            Files.write(folder.resolve(prefix + "-labels-idx1-ubyte"), labels);
        }
        return folder;
    }

    @Test
    void a_training_and_an_evaluation_end_with_the_line_of_a_table() throws IOException {
        String data = digits().toString();
        String out = folder.resolve("run").toString();
        Result trained =
                run(
                        ("train --model cnn --data mnist --batch-size 10 --epochs 1 --ema 0.9 --data-dir "
                                        + data
                                        + " --out "
                                        + out)
                                .split(" "));
        assertThat(trained.err()).isEmpty();
        assertThat(trained.out())
                .containsPattern("NAME +Acc@1 +Acc@5 +FPS +Epochs +AMP +Device +Versions")
                .containsPattern(
                        "cnn +[0-9.]+ +[0-9.]+ +[0-9.,]+ +1 +off +cpu +athanor .*, Java 25");
        String last = out + "/checkpoints/last.safetensors";
        Result evaluated = run("eval", "--resume", last);
        assertThat(evaluated.err()).isEmpty();
        assertThat(evaluated.out()).contains("20 test images of mnist").contains("cnn  ");
        String top1 = evaluated.out().replaceAll("(?s).*(top-1 [0-9.]+).*", "$1");
        Result again = run("train", "--evaluate", "--resume", last);
        assertThat(again.err()).isEmpty();
        assertThat(again.out()).contains(top1).doesNotContain("run folder");
        Result mirrored = run("eval", "--resume", last, "--tta", "mirror");
        assertThat(mirrored.code()).isZero();
        Result nothing = run("train", "--evaluate", "--model", "cnn", "--data", "mnist");
        assertThat(nothing.code()).isEqualTo(2);
        assertThat(nothing.err()).contains("--evaluate: needs --resume FILE").hasLineCount(1);
    }

    @Test
    void data_bench_times_the_loader_alone() throws IOException {
        Result result =
                run(
                        "data",
                        "bench",
                        "mnist",
                        "--data-dir",
                        digits().toString(),
                        "--seconds",
                        "1",
                        "--batch-size",
                        "5",
                        "--workers",
                        "2");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).containsPattern("[0-9,]+ images/s of 28x28x1, 2 workers");
    }

    @Test
    void bench_compares_devices_and_says_which_is_not_here() {
        Result result =
                run(
                        ("bench --model cnn --data mnist --batch-size 2 --steps 1"
                                        + " --devices reference,cpu,cuda:999")
                                .split(" "));
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out())
                .contains("cnn on mnist, batch 2, an epoch of 60,000 images")
                .containsPattern("reference +[0-9.,]+ +[0-9:s]+ +1.00")
                .containsPattern("cpu +[0-9.,]+ +[0-9:s]+ +[0-9.]+")
                .containsPattern("cuda:999 +\\S");
    }

    @Test
    void bench_prints_one_line_with_the_fields_that_scripts_read() {
        Result result =
                run(
                        "bench",
                        "--json",
                        "--model",
                        "cnn",
                        "--data",
                        "mnist",
                        "--batch-size",
                        "4",
                        "--steps",
                        "1");

        assertThat(result.out().lines()).hasSize(1);
        List<String> fields =
                Stream.of(result.out().split("[{,]"))
                        .map(part -> part.split(":")[0].strip())
                        .filter(f -> !f.isEmpty())
                        .toList();
        assertThat(fields)
                .containsExactly(
                        "\"model\"",
                        "\"data\"",
                        "\"parameters\"",
                        "\"gmac_per_image\"",
                        "\"batch_size\"",
                        "\"threads\"",
                        "\"device\"",
                        "\"train_images_per_s\"",
                        "\"infer_images_per_s\"",
                        "\"first_step_seconds\"",
                        "\"peak_memory_bytes\"");
        assertThat(result.out()).contains("\"parameters\":225034,");
    }

    @Test
    void doctor_is_content_where_training_works() {
        Result result = run("doctor");

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("SIMD", "works: the loss");
    }
}
