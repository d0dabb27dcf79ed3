// Compiled into a library of its own and loaded by compiling_threads.py.
//
// Jittor 1.3.11 compiles kernels in several threads. Before it calls the compiler, a thread writes the kernel's source,
// and to find out whether a library has a routine for it, it adds operators to the graph and takes them out again
// (opt/var_relay.cc). All threads do so at once, to variables that several of their kernels read, without a lock: now
// and then one ends in a segmentation fault, or leaves an operator without its inputs. Here they take turns at that,
// and only the compiler runs in all of them.
//
// Kernels are compiled with -Ofast, and loading one has the thread that loads it take subnormal numbers for zero: in the
// middle of a step, if it is the thread that computes. Here a thread goes on as it was.

#include <cfenv>
#include <mutex>

#include "fused_op.h"
#include "op_compiler.h"
#include "opt/tuner_manager.h"
#include "ops/op_register.h"

namespace jittor {

extern jit_op_entry_t (*do_compile_hook)(Op*);

static std::mutex the_graph;

// do_compile_inner of op_compiler.cc, the graph locked until the compiler is called.
static jit_op_entry_t compile(Op* op) {
    std::unique_lock<std::mutex> turn(the_graph);
    OpCompiler compiler(op);
    for (auto op_type : op_types) op_type->post_pass(&compiler);
    string source = compiler.op ? TunerManager(&compiler).tune() : compiler.src;
    op->compile_optimize(source);
    string key = op->get_jit_key(get_jk());
    turn.unlock();
    fenv_t arithmetic;
    fegetenv(&arithmetic);
    auto kernel = compiler.compile(key, source);
    fesetenv(&arithmetic);
    return kernel;
}

}  // namespace jittor

extern "C" void take_turns() { jittor::do_compile_hook = jittor::compile; }
