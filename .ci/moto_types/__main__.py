import sys
import threading

from moto_types.resources import serve

print(serve(int(sys.argv[1]))[1], flush=True)
threading.Event().wait()
