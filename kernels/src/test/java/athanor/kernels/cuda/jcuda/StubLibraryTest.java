package athanor.kernels.cuda.jcuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// JCuda and our code around it, against libraries that stand in for NVIDIA's: every argument is
/// seen to arrive where the real function takes it. Needs gcc, and no GPU.
class StubLibraryTest {
    @TempDir static Path folder = Path.of("");

    @BeforeAll
    static void buildLibraries() throws Exception {
        assumeTrue(
                Path.of("/usr/bin/gcc").toFile().canExecute(),
                "skipped: no /usr/bin/gcc to build the stand-ins of NVIDIA's libraries with");
        build("driver", "libcuda.so.1", List.of());
        for (String name : List.of("blas libcublas.so.12", "dnn libcudnn.so.8")) {
            String file = name.split(" ")[1];
            Path versions = folder.resolve(file + ".map");
            Files.writeString(versions, file + " { global: *; };");
            build(name.split(" ")[0], file, List.of("-Wl,--version-script," + versions));
        }
    }

    private static void build(String source, String file, List<String> flags) throws Exception {
        Path text = folder.resolve(source + ".c");
        try (InputStream resource = StubLibraryTest.class.getResourceAsStream(source + ".c")) {
            assertThat(resource).isNotNull();
            Files.copy(resource, text);
        }
        List<String> command = new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-w", "-o"));
        command.addAll(List.of(folder.resolve(file).toString(), text.toString()));
        command.add("-Wl,-soname," + file);
        command.addAll(flags);
        Process gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> words = gcc.inputReader().lines().toList();
        assertThat(gcc.waitFor()).as("%s", words).isZero();
    }

    private record Outcome(List<String> said, List<String> log) {}

    private static Outcome run(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "calls", ".log");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-Xmx64m",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                StubProgram.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("LD_LIBRARY_PATH", "CUDA_HOME"));
        builder.environment().putAll(environment);
        if (environment.containsKey("STUB_LOG")) {
            builder.environment().put("STUB_LOG", log.toString());
        }
        Process java = builder.start();
        List<String> said = java.inputReader().lines().toList();
        assertThat(java.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Outcome(said, Files.readAllLines(log));
    }

    private static Outcome work(String what) throws IOException, InterruptedException {
        return run(Map.of("ATHANOR_CUDA_LIBRARIES", folder.toString(), "STUB_LOG", "a file"), what);
    }

    @Test
    void driverPassesEverythingOn() throws Exception {
        Outcome outcome = work("driver");
        assertThat(outcome.log())
                .containsExactly(
                        "stream 1",
                        "synchronize stream 0x51",
                        "launch 0xf0 2 3 4, 32 2 1, 16, 0x51: 1234567890 -7 2.5 99",
                        "attribute 8 is 65536",
                        "launch 0xf0 1 1 1, 1 1 1, 65536, 0x51: 1234567890 -7 2.5 99",
                        "launch 0xf0 1 1 1, 2048 1 1, 0, 0x51: 1234567890 -7 2.5 99",
                        "event 0xe0 in 0x51",
                        "stream 0x51 awaits 0xe2",
                        "capture 0x51 1",
                        "graph 0x60 gone",
                        "graph 0x61 in 0x51",
                        "module 0x30 gone",
                        "event 0xe2 gone",
                        "stream 1",
                        "synchronize",
                        "graph 0x61 gone",
                        "event 0xe0 gone",
                        "stream 0x51 gone",
                        "release, live 0");
        assertThat(outcome.said())
                .startsWith(
                        "DeviceInfo[name=Stub 1, major=8, minor=6, multiprocessors=28,"
                                + " sharedBytes=101376, memoryBytes=1048576]",
                        "MemoryInfo[free=7, total=1048576]",
                        "[0.0, 4.0, 5.0, -1.0, -1.0, 5.0, 6.0, 7.0]");
        assertThat(outcome.said().get(3)).startsWith("IndexOutOfBoundsException: ");
        assertThat(outcome.said().subList(4, outcome.said().size()))
                .containsExactly(
                        "CudaError: cuLaunchKernel(kernel fill, grid Grid[x=1, y=1, z=1], block"
                                + " Grid[x=2048, y=1, z=1], shared bytes 0):"
                                + " CUDA_ERROR_INVALID_VALUE",
                        "CudaError: cuModuleLoadDataEx(.visible .entry bad()):"
                                + " CUDA_ERROR_INVALID_PTX: line 3: no such instruction",
                        "CudaError: cuModuleGetFunction(name other): CUDA_ERROR_NOT_FOUND",
                        "CudaError: cuMemAlloc(bytes 2097152): CUDA_ERROR_OUT_OF_MEMORY: the GPU's"
                                + " memory is full; use a smaller --batch-size",
                        "true false",
                        "1.5",
                        "IllegalArgumentException: kernel 3 is not of this device, or was given"
                                + " back already",
                        "IllegalArgumentException: event 5 is not of this device, or was given"
                                + " back already",
                        "IllegalArgumentException: stream 7 is not of this device, or was given"
                                + " back already",
                        "IllegalStateException: this device is closed");
    }

    @Test
    void blasPassesEverythingOn() throws Exception {
        Outcome outcome = work("blas");
        assertThat(outcome.log())
                .containsExactly(
                        "stream 1",
                        "cublas math 16",
                        "cublas in 0x51",
                        "cublas workspace 0x100 4096",
                        "cublas math 19",
                        "sgemm 0 1, 2 3 4, 1.5, 0xa00 5, 0xb00 6, 0.5, 0xc00 7",
                        "batched 1 0, 2 3 4, 1, 0xa00 5 10, 0xb00 6 20, 0, 0xc00 7 30, 8",
                        "gemmEx 0 0, 2 3 4, 1, 0xa00 14 5, 0xb00 14 6, 0, 0xc00 0 7, 68 -1",
                        "sgemm 0 0, 2 3 4, 1, 0xa00 1, 0xb00 6, 0, 0xc00 7",
                        "cublas 0xb0 gone",
                        "synchronize",
                        "stream 0x51 gone",
                        "release, live 0");
        assertThat(outcome.said())
                .containsExactly(
                        "CudaError: cublasSgemm(A NONE, B NONE, m 2, n 3, k 4, lda 1, ldb 6, ldc"
                                + " 7): CUBLAS_STATUS_INVALID_VALUE");
    }

    @Test
    void dnnPassesEverythingOn() throws Exception {
        Outcome outcome = work("dnn");
        assertThat(outcome.log())
                .startsWith(
                        "stream 1",
                        "cudnn in 0x51",
                        "1: tensor, format 1, type 2, n 2, c 6, h 9, w 8",
                        "2: tensor, format 1, type 2, n 2, c 4, h 5, w 5",
                        "3: tensor, format 1, type 2, n 1, c 4, h 1, w 1",
                        "4: filter, format 1, type 2, k 4, c 3, h 3, w 2",
                        "5: padding 1 0, stride 2 1, dilation 1 3, mode 1, type 0",
                        "5: groups 2",
                        "5: math 1",
                        "output of 5 1 4",
                        "forward workspace 1 4 5 2, 0",
                        "forward workspace 1 4 5 2, 1",
                        "data workspace 4 2 5 1, 1",
                        "filter workspace 1 2 5 4, 1",
                        "cudnnConvolutionForward 1.5, 1 0x1, 4 0x2, 5, 1, 0x4 5, 0.5, 2 0x3",
                        "cudnnConvolutionBackwardData 1.5, 4 0x2, 2 0x3, 5, 1, 0x4 5, 0.5, 1 0x1",
                        "cudnnConvolutionBackwardFilter 1.5, 1 0x1, 2 0x3, 5, 1, 0x4 5, 0.5, 4 0x2",
                        "6: activation 1, nan 1, bound 0",
                        "fused 1, 1 0x1, 4 0x2, 5, 1, 0x4 5, 2, 2 0x6, 3 0x7, 6, 2 0x3")
                .endsWith("cudnn 0xd0 gone", "synchronize", "stream 0x51 gone", "release, live 0");
        assertThat(outcome.log().stream().filter(line -> line.matches("descriptor \\d gone")))
                .containsExactlyInAnyOrder(
                        "descriptor 1 gone",
                        "descriptor 2 gone",
                        "descriptor 3 gone",
                        "descriptor 4 gone",
                        "descriptor 5 gone",
                        "descriptor 6 gone");
        assertThat(outcome.said().getFirst())
                .startsWith("CudaError: cudnnGetConvolutionWorkspaceSize(algorithm IMPLICIT_GEMM,")
                .endsWith(
                        "CUDNN_STATUS_NOT_SUPPORTED: cuDNN has no such algorithm for this"
                                + " convolution; choose another");
        assertThat(outcome.said().subList(1, 4)).containsExactly("11", "12", "13");
        assertThat(outcome.said().get(4))
                .startsWith("CudaError: cudnnGetConvolution2dForwardOutputDim(")
                .endsWith("cuDNN writes n, c, h, w of [2, 4, 5, 6], not [2, 4, 5, 5]");
        assertThat(outcome.said().subList(5, outcome.said().size()))
                .containsExactly(
                        "IllegalArgumentException: IMPLICIT_PRECOMP_GEMM is for FORWARD, not for"
                                + " DATA_GRADIENT");
    }

    @Test
    void driverWithoutGpuSaysSoInOneLineEachTime() throws Exception {
        String line =
                "CudaError: cuInit(): CUDA_ERROR_NO_DEVICE: the driver finds no NVIDIA GPU;"
                        + " nvidia-smi should list one. --device cpu works without, --device"
                        + " cuda-sim simulates one";
        assertThat(run(Map.of("ATHANOR_CUDA_LIBRARIES", folder.toString()), "open", "0").said())
                .containsExactly(line, line);
    }

    @Test
    void surveyTellsWhatIsThere() throws Exception {
        assertThat(work("survey").said())
                .containsExactly(
                        "Finding[what=NVIDIA driver, works=true, words=for CUDA 12.4]",
                        "Finding[what=GPU 0, works=true, words=Stub 1, sm_86, 1 MB]",
                        "Finding[what=cuBLAS, works=true, words=%s]"
                                .formatted(folder.resolve("libcublas.so.12")),
                        "Finding[what=cuDNN, works=true, words=%s]"
                                .formatted(folder.resolve("libcudnn.so.8")));
        List<String> without =
                run(Map.of("ATHANOR_CUDA_LIBRARIES", folder.toString()), "survey").said();
        assertThat(without).hasSize(4);
        assertThat(without.get(1))
                .startsWith("Finding[what=GPUs, works=false, words=cuInit(): CUDA_ERROR_NO_DEVICE");
    }

    @Test
    void damagedDriverIsNamedEachTime() throws Exception {
        Path damaged = Files.createTempDirectory(folder, "damaged");
        Files.writeString(damaged.resolve("libcuda.so.1"), "no library");
        // The JVM itself has something to say about such a file.
        List<String> said =
                run(Map.of("ATHANOR_CUDA_LIBRARIES", damaged.toString()), "open", "0")
                        .said()
                        .stream()
                        .filter(line -> line.startsWith("Cuda"))
                        .toList();
        assertThat(said).hasSize(2);
        assertThat(said)
                .allSatisfy(
                        line ->
                                assertThat(line)
                                        .startsWith(
                                                "CudaUnavailable: libcuda.so.1 cannot be loaded:")
                                        .contains(
                                                "file too short",
                                                "looked in [" + damaged,
                                                "found " + damaged.resolve("libcuda.so.1"),
                                                "install the NVIDIA driver"));
    }

    @Test
    void anOlderBlasIsNamedAndDamagedGlueInTheCommonFolderDoesNotMatter() throws Exception {
        Path older = Files.createTempDirectory(folder, "older");
        Files.writeString(older.resolve("libcublas.so.11"), "");
        Path glue = older.resolve("libJCudaDriver-12.6.0-linux-x86_64.so");
        Files.writeString(glue, "damaged");
        List<String> said =
                run(Map.of("ATHANOR_CUDA_LIBRARIES", older.toString()), "blas-alone").said();
        assertThat(said).hasSize(1);
        assertThat(said.getFirst())
                .startsWith("CudaUnavailable: libcublas.so.12 cannot be loaded:")
                .contains("found " + older.resolve("libcublas.so.11"));
        Map<String, String> environment =
                Map.of(
                        "ATHANOR_CUDA_LIBRARIES",
                        folder.toString(),
                        "STUB_LOG",
                        "a file",
                        "JDK_JAVA_OPTIONS",
                        "-Djava.io.tmpdir=" + older);
        assertThat(run(environment, "open", "0").log())
                .containsExactly(
                        "synchronize", "release, live 0", "synchronize", "release, live 0");
        try (var files = Files.list(older)) {
            assertThat(files).containsExactlyInAnyOrder(older.resolve("libcublas.so.11"), glue);
        }
    }
}
