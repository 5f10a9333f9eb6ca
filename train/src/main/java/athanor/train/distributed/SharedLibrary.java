package athanor.train.distributed;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;

/// A native library, opened so that the plugins it opens itself see its symbols (RTLD_GLOBAL),
/// which Open MPI's need and [System#load] does not do. It stays open.
@SuppressWarnings("restricted") // Native calls: --enable-native-access is given.
final class SharedLibrary {
    private static final int RTLD_NOW = 2;
    private static final int RTLD_GLOBAL = 0x100;
    private static final int LONGEST_TEXT = 4096;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = system("dlopen", ADDRESS, ADDRESS, JAVA_INT);
    private static final MethodHandle SYMBOL = system("dlsym", ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle ERROR = system("dlerror", ADDRESS);

    /// A call of a native function; Java takes it to throw anything.
    @FunctionalInterface
    interface Call {
        int run() throws Throwable;
    }

    private final String name;
    private final MemorySegment library;

    private SharedLibrary(String name, MemorySegment library) {
        this.name = name;
        this.library = library;
    }

    private static MethodHandle system(
            String name, MemoryLayout result, MemoryLayout... arguments) {
        SymbolLookup system = LINKER.defaultLookup();
        return LINKER.downcallHandle(
                system.findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    /// The first of these that the system's search finds.
    ///
    /// @throws CommunicatorProblem where it finds none: what the system said of the last, and the
    ///     advice
    static SharedLibrary open(List<String> names, String advice) {
        String reason = "";
        try (Arena arena = Arena.ofConfined()) {
            for (String name : names) {
                MemorySegment library =
                        (MemorySegment)
                                OPEN.invokeExact(arena.allocateFrom(name), RTLD_NOW | RTLD_GLOBAL);
                if (library.address() != 0) {
                    return new SharedLibrary(name, library);
                }
                reason = text((MemorySegment) ERROR.invokeExact());
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        throw new CommunicatorProblem(reason + "; " + advice);
    }

    /// What the call returns.
    static int invoke(Call call) {
        try {
            return call.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    String name() {
        return name;
    }

    /// A function that returns an int.
    MethodHandle function(String function, MemoryLayout... arguments) {
        return LINKER.downcallHandle(symbol(function), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /// A function that returns an address.
    MethodHandle addressFunction(String function, MemoryLayout... arguments) {
        return LINKER.downcallHandle(symbol(function), FunctionDescriptor.of(ADDRESS, arguments));
    }

    /// Where a function or a variable lies.
    MemorySegment symbol(String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found =
                    (MemorySegment) SYMBOL.invokeExact(library, arena.allocateFrom(symbol));
            if (found.address() == 0) {
                throw new CommunicatorProblem(
                        name + " has no " + symbol + ": it is another library, or too old a one");
            }
            return found;
        } catch (CommunicatorProblem e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// A C string.
    static String text(MemorySegment address) {
        if (address.address() == 0) {
            return "";
        }
        return address.reinterpret(LONGEST_TEXT).getString(0);
    }
}
