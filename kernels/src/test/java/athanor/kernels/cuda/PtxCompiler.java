package athanor.kernels.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.LogLevel;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;

/// NVIDIA's compiler of PTX texts. It needs neither a GPU nor a driver.
final class PtxCompiler {
    private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(\\w+)'");
    private static final Pattern SPILLS =
            Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");
    private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    static {
        // A folder of its own: JCuda trusts any file of the library's name in java.io.tmpdir.
        String before = System.getProperty("java.io.tmpdir");
        try {
            Path folder = Files.createTempDirectory("athanor-ptx-compiler");
            System.setProperty("java.io.tmpdir", folder.toString());
            JNvPTXCompiler.setExceptionsEnabled(false);
            JNvPTXCompiler.setLogLevel(LogLevel.LOG_QUIET);
            System.setProperty("java.io.tmpdir", before);
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// What a kernel takes: registers of a thread, bytes it spills, bytes of static shared memory.
    record Kernel(String name, int registers, int spilledBytes, int sharedBytes) {}

    /// @param cubinBytes size of the program; 0 where the text does not compile
    /// @param words what the compiler complains about; empty if nothing
    record Outcome(List<Kernel> kernels, long cubinBytes, String words) {}

    private PtxCompiler() {}

    /// Compiles for an architecture such as `sm_80`.
    static Outcome compile(String ptx, String architecture) {
        byte[] text = (ptx + "\0").getBytes(StandardCharsets.UTF_8);
        nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
        check(JNvPTXCompiler.nvPTXCompilerCreate(handle, text.length - 1, text));
        try {
            String[] options = {"--gpu-name=" + architecture, "--verbose"};
            int status = JNvPTXCompiler.nvPTXCompilerCompile(handle, options.length, options);
            long[] size = new long[1];
            check(JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, size));
            byte[] log = new byte[(int) size[0] + 1];
            check(JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, log));
            String errors = text(log);
            if (status != nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
                return new Outcome(
                        List.of(), 0, nvPTXCompileResult.stringFor(status) + " " + errors);
            }
            check(JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(handle, size));
            log = new byte[(int) size[0] + 1];
            check(JNvPTXCompiler.nvPTXCompilerGetInfoLog(handle, log));
            check(JNvPTXCompiler.nvPTXCompilerGetCompiledProgramSize(handle, size));
            return new Outcome(kernels(text(log)), size[0], errors);
        } finally {
            check(JNvPTXCompiler.nvPTXCompilerDestroy(handle));
        }
    }

    private static void check(int status) {
        if (status != nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
            throw new IllegalStateException(nvPTXCompileResult.stringFor(status));
        }
    }

    private static String text(byte[] log) {
        return new String(log, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    private static List<Kernel> kernels(String log) {
        return Stream.of(log.split("(?=Compiling entry function)"))
                .filter(part -> part.startsWith("Compiling"))
                .map(
                        part ->
                                new Kernel(
                                        ENTRY.matcher(part)
                                                .results()
                                                .findFirst()
                                                .orElseThrow()
                                                .group(1),
                                        number(REGISTERS, part, true),
                                        number(SPILLS, part, true),
                                        number(SHARED, part, false)))
                .toList();
    }

    /// All groups' sum at the pattern's first place; 0 where it may be left out and is.
    private static int number(Pattern pattern, String part, boolean required) {
        var found = pattern.matcher(part);
        if (!found.find()) {
            if (required) {
                throw new IllegalStateException(
                        "the compiler's log has no " + pattern + ": " + part);
            }
            return 0;
        }
        int sum = 0;
        for (int i = 1; i <= found.groupCount(); i++) {
            sum += Integer.parseInt(found.group(i));
        }
        return sum;
    }
}
