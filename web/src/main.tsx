import "./csp";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { queries, start } from "./live";
import { keepShell } from "./shell";
import "./styles/index.css";
import { Broken } from "./system/Broken";

start();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Broken>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </Broken>
  </StrictMode>,
);
void keepShell();
