package athanor.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/// A progress bar in the last line of the terminal. It leaves nothing behind.
final class Bar implements AutoCloseable {
    private static final int WIDTH = width();

    private final ProgressBar bar;
    private final OverwrittenLine line;

    Bar(PrintStream stream, String task, long total) {
        line = new OverwrittenLine(stream);
        bar =
                new ProgressBarBuilder()
                        .setTaskName(task)
                        .setInitialMax(total)
                        .setUpdateIntervalMillis(200)
                        .setStyle(style(stream))
                        .hideEta()
                        .setConsumer(line)
                        .build();
    }

    void to(long done, String remark) {
        bar.stepTo(done);
        bar.setExtraMessage(remark);
    }

    @Override
    public void close() {
        bar.close();
        line.close();
    }

    /// Blocks where the terminal's locale has them. (Java writes UTF-8 wherever it runs.)
    private static ProgressBarStyle style(PrintStream stream) {
        return stream.charset().equals(StandardCharsets.UTF_8)
                        && System.getProperty("native.encoding", "UTF-8").equals("UTF-8")
                ? ProgressBarStyle.UNICODE_BLOCK
                : ProgressBarStyle.ASCII;
    }

    /// The columns of the terminal.
    private static int width() {
        try {
            Process stty =
                    new ProcessBuilder("sh", "-c", "stty size </dev/tty")
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String[] rowsAndColumns =
                    new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                            .strip()
                            .split(" ");
            return rowsAndColumns.length == 2
                    ? Math.max(40, Integer.parseInt(rowsAndColumns[1]))
                    : 80;
        } catch (IOException e) {
            return 80;
        }
    }

    /// The bar's own thread may draw once more while it is closed; then nothing is shown.
    private static final class OverwrittenLine implements ProgressBarConsumer {
        private final PrintStream stream;
        private boolean closed;

        OverwrittenLine(PrintStream stream) {
            this.stream = stream;
        }

        @Override
        public int getMaxRenderedLength() {
            return WIDTH - 1;
        }

        @Override
        public synchronized void accept(String line) {
            if (!closed) {
                stream.print("\r" + line);
                stream.flush();
            }
        }

        @Override
        public synchronized void close() {
            if (!closed) {
                closed = true;
                stream.print("\r" + " ".repeat(WIDTH - 1) + "\r");
                stream.flush();
            }
        }
    }
}
