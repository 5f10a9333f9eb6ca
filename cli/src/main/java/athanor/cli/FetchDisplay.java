package athanor.cli;

import java.util.Optional;

/// A bar for each file that is being downloaded.
final class FetchDisplay {
    private static final long MEGABYTE = 1 << 20;

    private final Screen screen;
    private String current = "";
    private Optional<Bar> bar = Optional.empty();

    FetchDisplay(Screen screen) {
        this.screen = screen;
    }

    void received(String file, long bytes, long total) {
        if (screen.live()) {
            if (!file.equals(current)) {
                close();
                current = file;
                bar = Optional.of(new Bar(screen.err(), file, total / MEGABYTE));
            }
            bar.ifPresent(b -> b.to(bytes / MEGABYTE, "MB"));
        }
    }

    void close() {
        bar.ifPresent(Bar::close);
        bar = Optional.empty();
    }
}
